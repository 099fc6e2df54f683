// The page of a source by itself: it begins at the mark, which has no box of its own around some cells of a row.

const mark = document.querySelector("mark.current");
(mark?.getClientRects().length ? mark : mark?.querySelector(".cell"))?.scrollIntoView({ block: "center" });
