// The view of accuracy: golden sets run, their figures and failures shown. Documents' text goes in as text alone.
"use strict";
