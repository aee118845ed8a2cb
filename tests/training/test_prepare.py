from __future__ import annotations

import gzip
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from benchmarks.held_out import HELD_OUT, SITES, TABLET
from tests.conftest import DATA, ROOT, TRACK_FILES
from training.__main__ import main
from training.class_names import class_of, folder_of
from training.prepare import sources
from training.prepare.drawing import draw
from training.prepare.folder import ImageFolderWriter
from training.prepare.unipen import Character, read_unipen
from training.prepare.writers import Share, divide
from training.tree import list_images


def images(folder: Path) -> dict[str, int]:
    """Number of images in each class folder."""
    return {entry.name: len(list(entry.glob("*.png"))) for entry in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def mnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("mnist")
    assert main(["prepare", "mnist", "--root", str(DATA), "--out", str(out)]) == 0
    return out


def test_mnist_becomes_folders_of_digits(mnist: Path):
    train, test = images(mnist / "train"), images(mnist / "test")
    assert list(train) == list(test) == [str(digit) for digit in range(10)]
    assert (sum(train.values()), sum(test.values())) == (300, 100)


def test_mnist_images_are_those_of_the_raw_files(mnist: Path):
    raw = gzip.decompress((DATA / "MNIST/raw/t10k-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((DATA / "MNIST/raw/t10k-labels-idx1-ubyte.gz").read_bytes())
    for index in (0, 57, 99):
        written = np.asarray(Image.open(mnist / "test" / str(labels[8 + index]) / f"mnist-test-{index:05d}.png"))
        np.testing.assert_array_equal(written, np.frombuffer(raw[16:], np.uint8).reshape(-1, 28, 28)[index])


def test_one_part_of_a_data_set_can_be_divided(tmp_path: Path):
    command = ["prepare", "mnist", "--root", str(DATA), "--only", "test", "--test-fraction", "0.2"]
    assert main([*command, "--out", str(tmp_path)]) == 0
    train, test = images(tmp_path / "train"), images(tmp_path / "test")
    assert sum(train.values()) + sum(test.values()) == 100
    assert sum(test.values()) == pytest.approx(20, abs=3)


def test_missing_raw_files_are_named(tmp_path: Path, capsys):
    assert main(["prepare", "kmnist", "--root", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert str(tmp_path / "nowhere") in line
    assert "--root" in line


def test_unipen_dialects_are_read(tracks: list[Character]):
    assert Counter(track.label for track in tracks) == dict.fromkeys("0123456789", 24)
    assert {track.source for track in tracks} == {"pendigits", "aga", "uqb"}
    assert len({(track.source, track.writer) for track in tracks}) == 5 + 18


def test_unipen_points_have_y_downwards(tracks: list[Character]):
    seven = next(track for track in tracks if track.label == "7")
    assert seven.strokes[0][0][1] < seven.strokes[0][-1][1]


def test_unzipped_files_and_segments_of_several_strokes(tmp_path: Path):
    file = tmp_path / "site.dat"
    file.write_text(
        '.SEGMENT CHARACTER 0-1 ? "x"\n.SEGMENT CHARACTER 2 ? "o o"\n'
        ".PEN_DOWN\n0 0\n1 1\n.PEN_UP\n.PEN_DOWN\n0 1\n1 0\n.PEN_UP\n.PEN_DOWN\n3 4 99\n.PEN_UP\n"
    )
    assert read_unipen(file) == [
        Character("x", (((0, 0), (1, -1)), ((0, -1), (1, 0))), "site", ""),
        Character("o o", (((3, -4),),), "site", ""),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello\n", "no labelled characters"),
        ('.SEGMENT CHARACTER 0 ? "x"\n.PEN_DOWN\nfar away\n.PEN_UP\n', "line 3"),
        ('.SEGMENT CHARACTER 7 ? "x"\n.PEN_DOWN\n1 1\n.PEN_UP\n', "component 7"),
        ("\x1f\x8bhello", "not a UNIPEN file"),
    ],
    ids=["no segments", "no point", "no such component", "damaged gzip"],
)
def test_unusable_unipen_files_are_explained(tmp_path: Path, capsys, text: str, words: str):
    file = tmp_path / "bad.unp"
    file.write_text(text, encoding="latin-1")
    assert main(["prepare", "unipen", str(file), "--out", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert str(file) in line
    assert words in line


def test_drawing_is_a_black_round_pen_on_white_paper():
    drawn = np.asarray(draw([((0, 0), (1, 0))], pen=20, extent=0.5))
    assert drawn.shape == (280, 280)
    rows, columns = np.nonzero(drawn < 128)
    assert int(np.ptp(columns)) + 1 == pytest.approx(160, abs=2)
    assert int(np.ptp(rows)) + 1 == pytest.approx(20, abs=2)
    assert set(np.unique(drawn)) >= {0, 255}


def test_a_single_point_is_a_dot():
    assert np.asarray(draw([((5, 5),)], pen=10)).min() == 0


def test_parts_have_whole_writers_and_whole_sources(tracks: list[Character]):
    part_of = divide(tracks, {"validation": Share(("uqb",), 0.4), "test": Share((), 0.4)}, seed=0)
    assert set(part_of) == {(track.source, track.writer) for track in tracks}
    parts = Counter((source, part) for (source, _), part in part_of.items())
    assert parts["pendigits", "validation"] == parts["pendigits", "test"] == 2
    assert parts["pendigits", "train"] == 1
    assert {part for (source, _), part in part_of.items() if source == "uqb"} == {"validation"}


def test_writers_for_validation_are_the_same_with_and_without_a_test(tracks: list[Character]):
    def drawn(**held_out: Share) -> set[tuple[str, str]]:
        return {writer for writer, part in divide(tracks, held_out, seed=0).items() if part == "validation"}

    assert drawn(validation=Share((), 0.4)) == drawn(validation=Share((), 0.4), test=Share((), 0.4)) != set()


def test_namesakes_of_writers_held_out_can_be_left_out():
    tracks = [Character("x", (((0, 0),),), source, writer) for source, writer in ("aX", "bX", "bY")]
    held_out = {"test": Share(("a",))}
    assert divide(tracks, held_out, 0) == {("a", "X"): "test", ("b", "X"): "train", ("b", "Y"): "train"}
    assert divide(tracks, held_out, 0, exclude_namesakes=True) == {("a", "X"): "test", ("b", "Y"): "train"}


def test_unipen_writes_an_image_folder_and_merges_with_what_is_there(tmp_path: Path):
    arguments = ["prepare", "unipen", *map(str, TRACK_FILES), "--out", str(tmp_path), "--test-source", "aga"]
    assert main([*arguments, "--test-fraction", "0", "--variations", "2"]) == 0
    names = {path.name.split("-")[0] for path in tmp_path.glob("test/*/*.png")}
    assert names == {"aga"}
    trained = Counter(path.name.split("-")[0] for path in tmp_path.glob("train/*/*.png"))
    assert trained["pendigits"] == 3 * 120
    before = sum(images(tmp_path / "train").values())
    assert main(["prepare", "mnist", "--root", str(DATA), "--out", str(tmp_path)]) == 0
    assert sum(images(tmp_path / "train").values()) == before + 300


def test_validation_is_drawn_once_and_shares_no_writer(tmp_path: Path):
    command = ["prepare", "unipen", *map(str, TRACK_FILES), "--out", str(tmp_path), "--validation-source", "aga"]
    command += ["--validation-fraction", "0.2", "--test-fraction", "0.2", "--test-name", "other", "--variations", "1"]
    assert main(command) == 0
    (note,) = sources.read(tmp_path).values()
    writers: dict[str, set[str]] = {}
    for path in tmp_path.glob("*/*/*.png"):
        found = re.search(note["group_by"], path.name)
        assert found is not None
        writers.setdefault(path.parts[-3], set()).add(found[1])
    assert {part: len(names) for part, names in writers.items()} == {"train": 5, "validation": 16, "test-other": 2}
    assert len(set.union(*writers.values())) == 23
    assert sum(images(tmp_path / "validation").values()) == note["images"]["validation"]


def test_images_of_a_published_set_can_be_held_out_for_validation(tmp_path: Path):
    command = ["prepare", "mnist", "--root", str(DATA), "--out", str(tmp_path), "--validation-fraction", "0.2"]
    assert main(command) == 0
    counts = {part: sum(images(tmp_path / part).values()) for part in ("train", "validation", "test")}
    assert counts["validation"] == pytest.approx(60, abs=5)
    assert counts["train"] + counts["validation"] == 300
    assert counts["test"] == 100


@pytest.mark.parametrize(
    ("source", "words"), [("--test-source=nasa", "aga, uqb"), ("--validation-source=uqb", "for two parts")]
)
def test_unusable_sources_are_explained(tmp_path: Path, capsys, source: str, words: str):
    command = ["prepare", "unipen", str(TRACK_FILES[1]), "--out", str(tmp_path), "--test-source", "uqb", source]
    assert main(command) == 2
    assert words in capsys.readouterr().err


def test_the_committed_model_is_tested_on_the_writers_that_the_benchmarks_name():
    makefile = (ROOT / "Makefile").read_text()
    shares = {
        "SITES := ": HELD_OUT[SITES],
        "TABLET := ": HELD_OUT[TABLET],
    }
    for beginning, held_out in shares.items():
        (line,) = [line.strip() for line in makefile.splitlines() if line.strip().startswith(beginning)]
        for part, share in held_out.items():
            assert tuple(re.findall(rf"--{part}-source (\w+)", line)) == share.sources
            fractions = re.findall(rf"--{part}-fraction (\S+)", line) or ["0"]
            assert float(fractions[0]) == share.fraction


ANY_NAME = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@given(ANY_NAME)
@example("/")
@example(".")
@example("..")
@example("%41")
@example("nul.txt")
def test_any_class_name_comes_back_from_its_folder(name: str):
    for letters in (False, True):
        folder = folder_of(name, letters)
        assert class_of(folder) == name
        assert not set(folder) & set('/\\:*?"<>|')
        assert folder.strip(". ") == folder


def test_names_that_are_no_escapes_stay():
    assert [class_of(name) for name in ("7", "100%", "%zz", "a%FF", "あ")] == ["7", "100%", "%zz", "a%FF", "あ"]


def test_classes_that_differ_only_in_case_stay_apart_where_the_disk_ignores_it(tmp_path: Path, monkeypatch):
    real = Path.mkdir

    def ignoring_case(path: Path, *arguments: object, **options: object) -> None:
        alike = [one for one in path.parent.glob("*") if one.name.lower() == path.name.lower()]
        if not alike:
            real(path, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "mkdir", ignoring_case)
    (tmp_path / "train").mkdir()
    writer = ImageFolderWriter(tmp_path)
    for label in ("a", "A"):
        writer.write("train", label, "1", Image.new("L", (9, 9)))
    assert list_images(tmp_path / "train").classes == ("A", "a")


def test_sources_are_credited_one_by_one(mnist: Path, tmp_path: Path):
    assert "CC BY-SA" in sources.read(mnist)["mnist"]["credit"]
    sources.record(tmp_path, "mine", "drawn by me", {"train": 1})
    sources.record(tmp_path, "yours", "drawn by you", {"train": 2})
    sources.record(tmp_path, "mine", "drawn by me", {"train": 3})
    assert sources.read(tmp_path) == {
        "mine": {"credit": "drawn by me", "images": {"train": 3}},
        "yours": {"credit": "drawn by you", "images": {"train": 2}},
    }


def test_rare_classes_get_more_versions(tmp_path: Path):
    counts = Counter(character.label for character in read_unipen(DATA / "unipen.unp.gz"))
    fewest = 3 * min(counts.values())
    command = ["prepare", "unipen", str(DATA / "unipen.unp.gz"), "--out", str(tmp_path), "--test-fraction", "0"]
    assert main([*command, "--variations", "1", "--fewest", str(fewest)]) == 0
    written = images(tmp_path / "train")
    assert set(written) == set(counts)
    for label, count in written.items():
        assert count >= fewest
        assert count in (2 * counts[label], -(-fewest // counts[label]) * counts[label])
