// A button that copies the text of a block. Without script there is none, and the text can be selected.
for (const block of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "secondary copy";
  button.textContent = "Copy";
  button.dataset.testid = block.dataset.copy;
  const said = document.createElement("span");
  said.className = "unseen";
  said.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    const copied = await navigator.clipboard.writeText(block.textContent).then(() => true, () => false);
    button.textContent = copied ? "Copied" : "Couldn't copy; select the text instead";
    said.textContent = button.textContent;
  });
  block.after(button, said);
}
