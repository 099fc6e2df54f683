"""The page's own modules as one script: each in a scope of its own, in order, and none half understood."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from assistant.web.delivery.files import STATIC
from assistant.web.delivery.linking import LinkError, link

MODULES = {
    "a": """import { twice, own as hers } from "./b.js";
import * as c from "./c.js";

console.log(twice(hers), c.own());
""",
    "b": """import "./c.js";

// A comment.
export const own = 4;
export function twice(n) {
  return 2 * n;
}
""",
    "c": """const hidden = 5;
/** Gives
 * it. */
export const own = () => hidden;
""",
}


def written(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text, "utf-8")
    return folder


def test_linked_modules_do_what_they_did_apart(tmp_path: Path) -> None:
    linked = link(written(tmp_path, **MODULES), "a")
    assert "comment" not in linked
    assert linked.count("hidden = 5") == 1
    if node := shutil.which("node"):
        done = subprocess.run([node, "-e", linked], capture_output=True, text=True, check=True)
        assert done.stdout == "8 5\n"


@pytest.mark.parametrize(
    ("modules", "said"),
    [
        ({"a": 'import "./b.js";\n', "b": 'import "./a.js";\n'}, "a imports b imports a"),
        ({"a": 'import x from "./b.js";\n'}, "import x from"),
        ({"a": "export let x = 1;\n"}, "export let x"),
        ({"a": "export default 1;\n"}, "export default"),
    ],
)
def test_another_form_is_refused(tmp_path: Path, modules: dict[str, str], said: str) -> None:
    with pytest.raises(LinkError, match=said):
        link(written(tmp_path, **modules), "a")


def test_every_module_of_the_page_is_in_its_script() -> None:
    linked = link(STATIC, "page")
    # Classic, of the page of a source, and where a login is demanded.
    apart = {"before", "mark", "leave"}
    for path in STATIC.glob("*.js"):
        assert (f"const ${path.stem} = " in linked) != (path.stem in apart)
