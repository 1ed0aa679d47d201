// The daily report's button that prints it; the browser makes a PDF of the same.
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-print]")) window.print();
});
