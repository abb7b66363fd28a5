#!/usr/bin/python3
"""check_style.py finds a fault of every kind."""
import unittest

import check_style


def faults(name, text):
    return list(check_style.faults_of(name, text))


class CheckStyleTest(unittest.TestCase):
    def test_accepts_a_good_header(self):
        self.assertEqual([], faults("server/base/a.h", "// What it is.\n#pragma once\n"))

    def test_counts_lines(self):
        self.assertEqual([], faults("server/a.cc", "int a;\n" * 330))
        self.assertEqual(1, len(faults("server/a.cc", "int a;\n" * 331)))
        self.assertEqual(1, len(faults("server/a.h", "#pragma once\n" + "int a;\n" * 170)))

    def test_finds_a_header_without_a_guard(self):
        self.assertEqual(["server/a.h: no #pragma once"], faults("server/a.h", "int a;\n"))

    def test_finds_unfinished_work(self):
        for word in ("TO" "DO: later", "FIX" "ME", "TEST(A, DISABLED" "_B) {}"):
            with self.subTest(word):
                self.assertEqual(1, len(faults("tests/a.cc", f"// {word}\n")))

    def test_finds_sleeps_in_tests_only(self):
        self.assertEqual(1, len(faults("tests/unit/a.cc", "std::this_thread::sleep_for(1ms);\n")))
        self.assertEqual(1, len(faults("tests/unit/a.cc", "usleep(10);\n")))
        self.assertEqual([], faults("server/a.cc", "std::this_thread::sleep_for(1ms);\n"))

    def test_finds_stray_blanks(self):
        self.assertEqual(1, len(faults("server/a.cc", "int a; \n")))
        self.assertEqual(1, len(faults("server/a.cc", "int a;")))


if __name__ == "__main__":
    unittest.main()
