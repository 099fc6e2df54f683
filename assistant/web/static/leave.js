// Logging out, where a login is demanded: the page is left, and what its tab keeps is forgotten.

document.querySelector("#leave")?.addEventListener("click", async () => {
  await fetch("/logout", { method: "POST" });
  sessionStorage.clear();
  location.assign("/login");
});
