"""Tests of the scorer; the table of spellings is shared with the Rust scorer (tests/data/scoring.tsv)."""

import unittest
from pathlib import Path

import score

TABLE = Path(__file__).resolve().parents[2] / "tests" / "data" / "scoring.tsv"


class Score(unittest.TestCase):
    """What counts as a wrong, an empty and a doubled text."""

    def test_all_ways_of_writing_words_are_the_words_that_are_said(self):
        for line in TABLE.read_text(encoding="utf-8").splitlines():
            if line.startswith("#") or "\t" not in line:
                continue
            written, words = line.split("\t")
            self.assertEqual(score.spoken_words(written), words.split(), written)

    def test_what_whisper_writes_for_sound_without_words_is_nothing(self):
        self.assertEqual(score.spoken_words("[BLANK_AUDIO] (wind blowing)"), [])

    def test_words_are_compared_without_case_and_punctuation(self):
        figures = score.score([(1.5, "When do you open, please?", "when you open police today"), (0.4, "Yes.", "")])
        self.assertEqual(figures["all"]["wrong"], 4)
        self.assertEqual(figures["under 1 s"], {"clips": 1, "words": 1, "wrong": 1, "empty": 1, "doubled": 0,
                                                "percent": 100.0})

    def test_a_number_is_the_same_however_it_is_written(self):
        said = "ten thirty on the fifth, five five five zero one four two"
        self.assertEqual(score.score([(3, said, "10:30 on the 5th, 555-0142")])["all"]["wrong"], 0)

    def test_doubled_texts(self):
        for said, heard, doubled in (("I would like to speak", "I would like to speak I would like to speak", True),
                                     ("six", "6, 6", True), ("five five five", "five five five", False),
                                     ("six", "16", False), ("thank you", "thank you very very much", False)):
            self.assertEqual(score.is_doubled(score.spoken_words(said), score.spoken_words(heard)), doubled, heard)

    def test_no_class_of_length_pays_for_another(self):
        base = score.score([(s, "a b c", "a b") for s in (0.5, 1.5, 3, 5)])
        self.assertTrue(score.passes(base, base))
        better = score.score([(0.5, "a b c", ""), *((s, "a b c", "a b c") for s in (1.5, 3, 5))])
        self.assertFalse(score.passes(better, base))


if __name__ == "__main__":
    unittest.main()
