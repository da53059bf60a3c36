"""A bad sample of every rule is caught, and good code is not."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOOD_HEADER = "/// What it is.\n#pragma once\n\n#include <vector>\n"
README = {"src/ouzel/lane/README.md": "Lanes.\n"}


def findings(script, files):
    """What a checker says about a tree of {path: text}."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = pathlib.Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([sys.executable, ROOT / "scripts" / script, "--root", folder],
                              capture_output=True, text=True, check=False)
        assert done.returncode == (1 if done.stdout else 0), done.stderr
        return done.stdout


def body(lines):
    return "int f(int x) {\n" + "  x += 1;\n" * (lines - 2) + "}\n"


class Tidy(unittest.TestCase):
    def expect(self, rule, name, text, **others):
        out = findings("tidy", {**README, name: text, **others})
        self.assertIn(f": {rule}: ", out)
        self.assertEqual(out.count("\n"), 1, out)

    def expect_clean(self, name, text):
        self.assertEqual(findings("tidy", {**README, name: text}), "")

    def test_function_length(self):
        self.expect_clean("src/ouzel/lane/a.cc", body(60))
        self.expect("function", "src/ouzel/lane/a.cc", body(61))
        in_class = "namespace a {\nclass B final : public C {\n " + body(61) + "};\n}\n"
        self.expect("function", "src/ouzel/lane/a.cc", in_class)
        braces = 'int f() {\n  g("}");\n  h(\'}\');  // }\n' + "  i();\n" * 60 + "}\n"
        self.expect("function", "src/ouzel/lane/a.cc", braces)
        self.expect("function", "tests/a/b.py", "def f():\n" + "    g()\n" * 60,
                    **{"tests/a/README.md": "A.\n"})

    def test_size(self):
        self.expect("file", "src/ouzel/lane/a.cc", "int a;\n" * 601)
        self.expect_clean("src/ouzel/lane/a.cc", "// " + "ä" * 97 + "\n")
        self.expect("columns", "src/ouzel/lane/a.cc", "// " + "a" * 98 + "\n")

    def test_space(self):
        self.expect("space", "src/ouzel/lane/a.cc", "int a; \n")
        self.expect("tab", "src/ouzel/lane/a.cc", "\tint a;\n")
        self.expect("newline", "src/ouzel/lane/a.cc", "int a;")

    def test_names(self):
        for name in ("utils.cc", "string_util.h", "test_helpers.cc", "common.h", "manager.cc"):
            with self.subTest(name):
                self.expect("name", "src/ouzel/lane/" + name, GOOD_HEADER)
        self.expect_clean("src/ouzel/lane/commonness.h", GOOD_HEADER)

    def test_header(self):
        self.expect_clean("src/ouzel/lane/a.h", GOOD_HEADER)
        self.expect("once", "src/ouzel/lane/a.h", "/// What it is.\n")
        self.expect("header", "src/ouzel/lane/a.h", "#pragma once\n")
        for include in ("simdjson.h", "sys/stat.h", "boost/beast.hpp", "unknown.hpp"):
            with self.subTest(include):
                self.expect("include", "src/ouzel/lane/a.h",
                            GOOD_HEADER + f"#include <{include}>\n")

    def test_third_party_has_its_file(self):
        self.expect("include", "src/ouzel/lane/a.cc", "#include <simdjson.h>\n")
        self.expect("include", "src/ouzel/lane/a.cc", "#include <gtest/gtest.h>\n")
        self.expect_clean("src/ouzel/lane/a_test.cc", "#include <gtest/gtest.h>\n")

    def test_banned_code(self):
        samples = {
            "clock": "auto t = std::chrono::system_clock::now();\n",
            "sleep": "std::this_thread::sleep_for(1ms);\n",
            "random": "int x = rand();\n",
            "new": "auto* a = new A();\n",
            "delete": "delete a;\n",
            "throw": "throw std::runtime_error(text);\n",
            "using": "using namespace std;\n",
        }
        for rule, line in samples.items():
            with self.subTest(rule):
                self.expect(rule, "src/ouzel/lane/a.cc", line)
                self.expect_clean("src/ouzel/lane/a.cc", "// " + line)
        for rule in ("clock", "sleep", "random"):
            out = findings("tidy", {"src/ouzel/base/README.md": "Base.\n",
                                    "src/ouzel/base/a.cc": samples[rule]})
            self.assertEqual(out, "")
        self.expect_clean("src/ouzel/lane/a.cc", "A& operator=(const A&) = delete;\n")
        self.expect_clean("src/ouzel/lane/a.cc", "std::unique_ptr<A> a(new A(1));\n")

    def test_unfinished_and_paths(self):
        self.expect("unfinished", "src/ouzel/lane/a.cc", "// TO" "DO: later\n")
        self.expect("unfinished", "docs/a.md", "FIX" "ME\n")
        self.expect("path", "docs/a.md", "see /" "tmp/x\n")
        self.expect("path", "scripts/a", "cat /ro" "ot/x\n", **{"scripts/README.md": "S.\n"})

    def test_folder_says_what_it_is_for(self):
        out = findings("tidy", {"src/ouzel/lane/a.cc": "int a;\n"})
        self.assertIn("src/ouzel/lane:1: readme: ", out)


class Layers(unittest.TestCase):
    def including(self, folder, target, name="a.cc"):
        return findings("layers", {f"src/ouzel/{folder}/{name}": f'#include "{target}"\n'})

    def test_allows_the_row_and_nothing_else(self):
        self.assertEqual(self.including("lane", "ouzel/stage/stage.h"), "")
        self.assertEqual(self.including("run", "ouzel/lane/lane.h"), "")
        for folder, target in (("base", "ouzel/batch/batch.h"), ("batch", "ouzel/log/log.h"),
                               ("feature", "ouzel/decode/decoder.h"), ("http", "ouzel/log/log.h"),
                               ("lane", "ouzel/model/detector.h"),
                               ("watch", "ouzel/serve/server.h")):
            with self.subTest(folder=folder, target=target):
                self.assertIn("a.cc:1: ", self.including(folder, target))

    def test_few_know_an_implementation_of_the_log(self):
        self.assertIn("log/log.h only", self.including("lane", "ouzel/log/segment/segment_log.h"))
        self.assertEqual(self.including("run", "ouzel/log/segment/segment_log.h"), "")

    def test_a_test_may_use_its_equals_and_all_below(self):
        self.assertEqual(self.including("feature", "ouzel/decode/decoder.h", "a_test.cc"), "")
        conformance = "ouzel/stage/stage_conformance.h"
        self.assertEqual(self.including("batch", conformance, "a_test.cc"), "")
        self.assertIn("reach up", self.including("feature", "ouzel/lane/lane.h", "a_test.cc"))

    def test_unknown_folder(self):
        self.assertIn("unknown folder", self.including("lane", "ouzel/new/a.h"))
        self.assertIn("unknown folder", self.including("fresh", "ouzel/base/a.h"))
        self.assertIn("written from src", self.including("lane", "lane.h"))
