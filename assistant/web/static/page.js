// The page beside Gradio: brings its parts together, and gives Gradio what it calls.

import "./accuracy.js";
import "./card.js";
import * as chat from "./chat.js";
import { one } from "./dom.js";
import "./deeds.js";
import "./documents.js";
import "./feedback.js";
import "./keys.js";
import "./language.js";
import "./model.js";
import "./overview.js";
import "./rejected.js";
import "./sidebar.js";
import "./source.js";
import "./suggestions.js";
import { say } from "./texts.js";
import "./theme.js";
import "./uploads.js";
import { begin } from "./views.js";

document.body.dataset.drop = say("docs.dropping");
one("#new-chat").addEventListener("click", chat.fresh);
/** @type {any} */ (window).cited.ready(chat);
begin();
