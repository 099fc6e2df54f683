// The page of a source by itself: it begins at the mark.

document.querySelector("mark.current")?.scrollIntoView({ block: "center" });
