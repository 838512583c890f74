// Asks before something that cannot be taken back. The safe answer has the focus. It must not know what is
// asked about.

import { make } from "./element.js";

/** Resolves to whether the person agreed. */
export function sure(question, explanation, yes) {
  const title = make("h2", "", question);
  title.id = "question";
  const agree = make("button", "danger", yes);
  const no = make("button", "", "No, leave it");
  const dialog = make("dialog", "question", title, make("p", "", explanation), make("div", "row", no, agree));
  dialog.setAttribute("aria-labelledby", title.id);
  document.body.append(dialog);
  return new Promise((resolve) => {
    let agreed = false;
    agree.addEventListener("click", () => {
      agreed = true;
      dialog.close();
    });
    no.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(agreed);
    });
    dialog.showModal();
    no.focus();
  });
}
