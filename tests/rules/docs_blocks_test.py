"""That a page is held to what it says (tests/docs/pages.py), and that no block of it is lost."""
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "docs"))
import pages  # noqa: E402


class Pages(unittest.TestCase):
    def page(self, text):
        root = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.enterContext(mock.patch.object(pages, "ROOT", root))
        (root / "page.md").write_text(text)
        return root / "page.md"

    def check(self, text, part="docs"):
        """(what failed, how many blocks) of a page."""
        return pages.check(self.page(text), part)

    def test_a_true_page(self):
        text = ("```sh\nprintf 'one 12 two\\nthree\\n' > f\n```\n"
                "```console\n$ cat f\none … two\n…\n$ echo 127.0.0.1:8080\n127.0.0.1:8080\n```\n"
                "<!-- in part: kafka -->\n```sh\nfalse\n```\n```yaml\nfalse\n```\n")
        self.assertEqual(self.check(text), (None, 2))
        wrong, blocks = self.check(text, "kafka")
        self.assertEqual(blocks, 1)
        self.assertRegex(wrong, r"page\.md:13: exit status 1")
        self.assertEqual(pages.lost(self.page(text)), [])

    def test_a_command_that_fails(self):
        wrong, _ = self.check("```sh\ntrue\n```\ntext\n```sh\nfalse | cat\n```\n")
        self.assertRegex(wrong, r"page\.md:6: exit status 1")

    def test_output_that_never_came(self):
        wrong, _ = self.check("```console\n$ printf 'b\\na\\n'\na\nb\n```\n")
        self.assertRegex(wrong, r"page\.md:2: never printed: b")
        self.assertIsNotNone(self.check("```console\n$ echo abc\nab\n```\n")[0])

    def test_the_background_ends_with_the_page(self):
        self.assertEqual(self.check("```sh\nsleep 1000 &\necho $! > pid\n```\n"), (None, 1))

    def test_a_port_may_be_given(self):
        page = self.page("```sh\necho 127.0.0.1:9092 | grep :123$\n```\n")
        self.assertEqual(pages.check(page, "docs", pages.Place({"9092": 123})), (None, 1))

    def test_a_block_in_no_part(self):
        for text, why in (("<!-- in part: kafak -->\n```sh\ntrue\n```\n", ":3: no part"),
                          ("<!-- in part: kafka -->\n\n```sh\ntrue\n```\n", ":1: it says a part"),
                          ("```bash\ntrue\n```\n", ":1: a block must"),
                          ("- ```sh\n  true\n  ```\n", ":1: a block must"),
                          ("~~~ sh\ntrue\n~~~\n", ":1: a block must")):
            self.assertIn(f"page.md{why}", "".join(pages.lost(self.page(text))), text)

    def test_each_part_types_its_blocks(self):
        for part in pages.PARTS:
            self.assertTrue(any(f'pages.check(path, "{part}"' in script.read_text()
                                for script in (TESTS / part).glob("*.py")), part)


if __name__ == "__main__":
    unittest.main()
