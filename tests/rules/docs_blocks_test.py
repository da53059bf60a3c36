"""That tests/docs/run.py can fail: a page is held to what it says."""
import contextlib
import importlib.util
import io
import pathlib
import tempfile
import unittest
from unittest import mock

RUN = pathlib.Path(__file__).resolve().parents[1] / "docs" / "run.py"
spec = importlib.util.spec_from_file_location("docs_run", RUN)
docs_run = importlib.util.module_from_spec(spec)
spec.loader.exec_module(docs_run)


class Pages(unittest.TestCase):
    def check(self, text):
        """(what failed, blocks skipped, blocks run) of a page."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "page.md").write_text(text)
            with mock.patch.object(docs_run, "ROOT", root), \
                    contextlib.redirect_stdout(io.StringIO()):
                return docs_run.check(root / "page.md")

    def test_a_true_page(self):
        wrong, skipped, blocks = self.check(
            "```sh\nprintf 'one 12 two\\nthree\\n' > f\n```\n"
            "```console\n$ cat f\none … two\n…\n$ echo 127.0.0.1:8080\n127.0.0.1:8080\n```\n"
            "<!-- not run: no reason -->\n```sh\nfalse\n```\n```yaml\nfalse\n```\n")
        self.assertEqual((wrong, len(skipped), len(blocks)), ([], 1, 2))

    def test_a_command_that_fails(self):
        wrong, _, _ = self.check("```sh\ntrue\n```\ntext\n```sh\nfalse | cat\n```\n")
        self.assertRegex(wrong[0], r"page\.md:6: exit status 1")

    def test_output_that_never_came(self):
        wrong, _, _ = self.check("```console\n$ printf 'b\\na\\n'\na\nb\n```\n")
        self.assertRegex(wrong[0], r"page\.md:2: never printed: b")
        self.assertEqual(len(self.check("```console\n$ echo abc\nab\n```\n")[0]), 1)

    def test_the_background_ends_with_the_page(self):
        wrong, _, _ = self.check("```sh\nsleep 1000 &\necho $! > pid\n```\n")
        self.assertEqual(wrong, [])
