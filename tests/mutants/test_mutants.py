"""
The script of the mutants finds its files, and tells the expected survivors from others.

The mutants themselves are for a session of their own.
"""

import json
import subprocess

import mutant_session
import pytest
from mutant_session import ROOT, Change, difference, known, main, mutants, report
from mutant_subjects import SUBJECTS, Subject


PACKAGE = ROOT / "src" / "migratekit"
SUBJECT = Subject("some", ("some.py",), ())
DIFF = """\
--- src/migratekit/some.py
+++ src/migratekit/some.py
@@ -1,4 +1,4 @@
 def call(key):
-    return look_up(
-        key)
+    return look_up(
+        None)
"""
CHANGE = Change("some.py", "Some.call", "look_up( key)", "look_up( None)")


def test_subjects():
    """
    All files and tests of the subjects are there, and no file is mutated twice.
    """
    files = [file for subject in SUBJECTS for file in subject.files]

    assert sorted({*files}) == sorted(files)
    assert all(PACKAGE.joinpath(file).is_file() for file in files)
    for subject in SUBJECTS:
        assert all(ROOT.joinpath("tests", test).is_file() for test in subject.tests)


def test_known():
    """
    Every survivor that is known has a reason, and is a change of what the file says.
    """
    files = {file for subject in SUBJECTS for file in subject.files}
    for change, reason in known().items():
        text = " ".join(PACKAGE.joinpath(change.file).read_text("utf-8").split())
        assert change.file in files
        assert change.old in text, change
        assert reason.endswith(".")


def test_difference():
    """
    A change is told by its lines, wherever in the file they are.
    """
    assert ("return look_up( key)", "return look_up( None)") == difference(DIFF)


@pytest.fixture(name="folder")
def _folder(tmp_path, monkeypatch):
    """
    A folder in which mutmut was, and found one survivor.
    """
    written = tmp_path / "mutants" / "src" / "migratekit" / "some.py.meta"
    written.parent.mkdir(parents=True)
    name = "migratekit.some.xǁSomeǁcall__mutmut_"
    codes = {f"{name}1": 1, f"{name}2": 0, f"{name}3": -24, f"{name}4": None}
    codes[f"{name}5"] = 255
    written.write_text(json.dumps({"exit_code_by_key": codes}), "utf-8")
    monkeypatch.setattr(mutant_session, "change", lambda mutant, folder: CHANGE)
    return tmp_path


def test_fates(folder):
    """
    A mutant that took too long was noticed; one whose tests could not run was not.
    """
    found = mutants(SUBJECT, folder)

    assert ["killed", "survived", "killed", "unfinished", "broken"] == [
        mutant.fate for mutant in found
    ]
    assert {"Some.call"} == {m.function for m in found}


def test_again(folder):
    """
    What was alive can be tried again, beside what was not tried yet.
    """
    mutant_session.forget(SUBJECT, folder)

    found = mutants(SUBJECT, folder)
    assert ["killed", "unfinished", "killed", "unfinished", "unfinished"] == [
        mutant.fate for mutant in found
    ]


@pytest.mark.parametrize(("code", "fate"), [(0, "survived"), (1, "killed")])
def test_retry(folder, monkeypatch, code, fate):
    """
    One whose tests mutmut could not run has them run alone.
    """
    ran = []

    def run(command, *, env, **more):
        ran.append(env["MUTANT_UNDER_TEST"])
        return subprocess.CompletedProcess(command, code)

    monkeypatch.setattr(mutant_session.subprocess, "run", run)

    mutant_session.retry(SUBJECT, folder)

    assert ["migratekit.some.xǁSomeǁcall__mutmut_5"] == ran
    assert fate == mutants(SUBJECT, folder)[-1].fate


def test_survivor(folder, capsys):
    """
    A survivor that nobody knows is printed, and counts.
    """
    assert 1 == report(SUBJECT, folder, {}, 1)
    assert "- look_up( key)\n  + look_up( None)" in capsys.readouterr().out


def test_expected(folder, capsys):
    """
    One that is known does not; known ones of other files are not missed.
    """
    other = Change("other.py", "call", "a", "b")

    assert 0 == report(SUBJECT, folder, {CHANGE: "Why.", other: "Why."}, 1)
    assert "2 killed, 1 survived, 1 broken, 1 unfinished" in capsys.readouterr().out


def test_expected_and_killed(folder, capsys):
    """
    One that is known and was killed is to be forgotten.
    """
    gone = Change("some.py", "Some.call", "key", "None")

    assert 1 == report(SUBJECT, folder, {CHANGE: "Why.", gone: "Why."}, 1)
    assert "is none" in capsys.readouterr().out


def test_unknown_subject(capsys):
    """
    A subject that is none is told so, with the names of those that are.
    """
    with pytest.raises(SystemExit):
        main(["frobnicate"])

    assert "no subjects: frobnicate" in capsys.readouterr().err
