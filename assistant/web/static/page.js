// The page beside Gradio: brings its parts together, and gives Gradio what it calls.

import "./accuracy.js";
import * as chat from "./chat.js";
import { one } from "./dom.js";
import "./deeds.js";
import "./documents.js";
import "./feedback.js";
import "./keys.js";
import "./sidebar.js";
import "./source.js";
import "./suggestions.js";
import "./uploads.js";
import { begin } from "./views.js";

one("#new-chat").addEventListener("click", chat.fresh);
/** @type {any} */ (window).cited.ready(chat);
begin();
