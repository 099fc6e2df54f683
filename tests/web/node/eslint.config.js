// What eslint looks for in the modules of the page.
import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    languageOptions: { globals: globals.browser },
    rules: {
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-shadow-restricted-names": "error",
      "no-control-regex": "off", // texts from outside hold all characters
    },
  },
  { files: ["**/before.js", "**/widget.js"], languageOptions: { sourceType: "script" } },
];
