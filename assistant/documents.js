// The view of documents: added, listed, removed. What comes from outside goes into the page as text alone.
"use strict";
