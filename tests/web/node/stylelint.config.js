// What stylelint looks for in the style sheets of the page: faults, and sides that are not logical ones.
export default {
  extends: "stylelint-config-recommended",
  rules: {
    "no-descending-specificity": null, // files are read by part of the page, not by weight
    "property-disallowed-list": ["/^(margin|padding|border)-(left|right)/", "left", "right", "clear"],
    "declaration-property-value-disallowed-list": { "text-align": ["left", "right"], float: ["left", "right"] },
  },
};
