// Buttons that copy what stands beside them: <button data-copy="the element's id">.
// The clipboard is there over HTTPS and on the machine itself; elsewhere the text is selected and copied the old way.
async function copy(source) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(source.textContent);
    return;
  }
  getSelection().selectAllChildren(source);
  if (!document.execCommand("copy")) throw new Error("not copied");
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  try {
    await copy(source);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(source);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
});
