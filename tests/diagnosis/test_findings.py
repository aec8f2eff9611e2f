"""A finding in each language, as a student reads it, and in JSON, as a machine does; and the texts of every mistake."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path

import pytest

from conformance.agent.events import CLIENT, SERVER
from conformance.diagnosis import DETAILS, KEYS, Detail, Finding, diagnose
from conformance.formatting import LANGUAGES, Language, catalogue
from conformance.formatting.findings import evidence, explain, finding_from_json, finding_to_json
from tests.decoder.building import ints, utf
from tests.diagnosis.protocols import ADDITION, read

DOCS = Path(__file__).resolve().parents[2] / "docs" / "diagnosis.md"
EACH = pytest.mark.parametrize("language", LANGUAGES)
PARTS = ("title", "description", "python", "java")
ASKED = [(CLIENT, utf("127.0.0.1")), (CLIENT, ints(84, 98))]


@pytest.fixture
def finding() -> Finding:
    (found,) = diagnose(read(ADDITION, [*ASKED, (SERVER, struct.pack("<i", 182))], ends=True))
    return found


@pytest.fixture
def waits() -> Finding:
    (found,) = diagnose(read(ADDITION, [(CLIENT, utf("::1") + ints(1))], ends=False), now=1e9)
    return found


@EACH
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("key", KEYS)
def test_every_mistake_is_told_in_every_language(key: str, part: str, language: Language) -> None:
    text = catalogue(language).text(f"finding.{key}.{part}")
    if part == "title":
        assert not text.endswith(".")
    else:
        assert text[0].isupper() or text[0] == "`"
        assert text.endswith(".")


@pytest.mark.parametrize("key", KEYS)
def test_a_remedy_has_the_same_code_in_every_language(key: str) -> None:
    for part in ("python", "java"):
        code = {lang: set(re.findall("`[^`]+`", catalogue(lang).text(f"finding.{key}.{part}"))) for lang in LANGUAGES}
        assert code["en"] <= code["fr"]


@EACH
@pytest.mark.parametrize("code", DETAILS)
def test_every_detail_is_told_in_every_language(code: str, language: Language) -> None:
    assert f"finding.detail.{code}" in catalogue(language).ids


@EACH
def test_no_text_is_of_a_mistake_that_is_none(language: Language) -> None:
    texts = {name for name in catalogue(language).ids if re.fullmatch(r"finding\..*\.(title|description)", name)}
    assert texts == {f"finding.{key}.{part}" for key in KEYS for part in PARTS[:2]}
    details = {name.split(".")[2] for name in catalogue(language).ids if name.startswith("finding.detail.")}
    assert details == set(DETAILS)


@EACH
def test_a_student_reads_what_where_and_how_to_mend_it(finding: Finding, language: Language) -> None:
    words = catalogue(language)
    head, where, reads, *remedies = explain(finding, [], words).splitlines()
    assert words.text("finding.little-endian-int.title") in head
    assert words.text("finding.little-endian-int.description") in head
    assert "100" not in head
    for fact in ("`sum`", "B6 00 00 00", " 0 ", " 1 "):
        assert fact in where.replace(":", " ")
    assert "sum = 182" in reads
    for name, remedy in zip(("python", "java", "c", "csharp", "javascript"), remedies, strict=True):
        assert remedy.endswith(words.text(f"finding.little-endian-int.{name}"))


@EACH
def test_a_guess_says_that_it_is_one_and_what_else_it_may_be(language: Language) -> None:
    first, *others = diagnose(read(ADDITION, [(CLIENT, b"127.0.0.1")], ends=True))
    words = catalogue(language)
    head, *_, rivals = explain(first, others, words).splitlines()
    assert "89" in head
    assert words.text("finding.write-bytes.title") in rivals


@EACH
@pytest.mark.parametrize("count", [2, 5, 6, 30])
def test_it_may_show_in_many_connections(count: int, language: Language) -> None:
    conversations = [read(ADDITION, [(CLIENT, b"127.0.0.1")], ends=True, number=n)[0] for n in range(1, count + 1)]
    first, *_ = diagnose(conversations)
    assert first.connections == tuple(range(1, count + 1))
    where = explain(first, [], catalogue(language)).splitlines()[1]
    assert ("1, 2" in where) == (count <= 5)
    assert (str(count) in where.partition(",")[0]) == (count > 5)


@EACH
def test_who_waits_for_what(waits: Finding, language: Language) -> None:
    told = evidence(waits, catalogue(language))
    for fact in ("`second`", "4", "`sum`"):
        assert fact in told


def test_a_machine_reads_all_of_it(finding: Finding) -> None:
    told = json.loads(json.dumps(finding_to_json(finding)))
    assert told["key"] == "little-endian-int"
    assert (told["side"], told["field"], told["round"], told["offset"]) == ("server", "sum", 1, 0)
    assert (told["raw"], told["connections"], told["guess"]) == ("b6000000", [1], False)
    assert told["details"] == [{"code": "reads-as", "values": {"fields": [["sum", "182", True]], "more": False}}]
    assert told["python"] == catalogue("en").text("finding.little-endian-int.python")


def test_a_machine_reads_who_waits(waits: Finding) -> None:
    assert finding_to_json(waits)["waiting"][0] == {
        "side": "server",
        "field": "second",
        "type": "int",
        "missing": 4,
        "since": 1.0,
    }


@EACH
@pytest.mark.parametrize("which", ["finding", "waits"])
def test_what_a_machine_has_kept_is_told_as_before(
    which: str, language: Language, request: pytest.FixtureRequest
) -> None:
    found: Finding = request.getfixturevalue(which)
    kept = finding_from_json(json.loads(json.dumps(finding_to_json(found))))
    assert explain(kept, [], catalogue(language)) == explain(found, [], catalogue(language))
    assert finding_to_json(kept) == json.loads(json.dumps(finding_to_json(found)))


def test_a_key_and_a_code_are_of_the_lists(finding: Finding) -> None:
    entry = finding_to_json(finding)
    with pytest.raises(ValueError, match="no-such"):
        finding_from_json(entry | {"key": "no-such"})
    with pytest.raises(ValueError, match="no-such"):
        Detail("no-such")


@pytest.mark.parametrize("key", KEYS)
def test_the_guide_has_every_mistake(key: str) -> None:
    assert f"`{key}`" in DOCS.read_text(encoding="utf-8")


def test_the_guide_has_every_code_of_a_detail_with_its_meaning() -> None:
    listed = re.findall(r"^\| `([^`]+)` \| (.+) \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert [entry for entry in listed if entry[0] in DETAILS] == list(DETAILS.items())
