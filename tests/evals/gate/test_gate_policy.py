"""Policies are read strictly."""

import hashlib
from pathlib import Path

import pytest

from evals.gate.policy import PolicyError, PolicyRule, load_policy

HEAD = 'schema = 1\nname = "mine"\n'
RULE = """
[[rule]]
name = "risk"
applies_to = "run"
when = "risk"
above = 0.05
action = "look"
because = "it says so"
"""


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "policy.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_policy_reads_back_what_its_text_says(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + RULE)
    policy = load_policy(path)
    assert (policy.name, policy.source) == ("mine", str(path))
    assert policy.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert policy.rules == (PolicyRule("risk", "risk", "look", "it says so", "run", above=0.05),)
    assert policy.rules[0].if_unmeasured == "trip"


@pytest.mark.parametrize("comparison", ["above", "below", "at_least", "at_most"])
@pytest.mark.parametrize("number", ["0", "3", "-0.25"])
def test_every_comparison_takes_any_number(tmp_path: Path, comparison: str, number: str) -> None:
    text = HEAD + RULE.replace("above = 0.05", f"{comparison} = {number}")
    (rule,) = load_policy(written(tmp_path, text)).rules
    assert (rule.comparison, rule.threshold) == (comparison, float(number))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (HEAD, "rule: "),
        (HEAD + "rule = []", "rule: "),
        ('name = "mine"\n' + RULE, "schema: this key is missing"),
        ('schema = 1\nname = " "\n' + RULE, "name: "),
        ('schema = 2\nname = "mine"\n' + RULE, "schema: .*, got 2"),
        (HEAD + RULE + "severity = 3", r"rule\.0\.severity: this key is unknown"),
        (HEAD + RULE.replace('because = "it says so"', ""), r"rule\.0\.because: .* missing"),
        (HEAD + RULE.replace('when = "risk"', "when = 2026-01-01"), "neither text, number nor"),
        (HEAD + RULE.replace('"look"', '" "'), r"rule\.0\.action"),
        (HEAD + RULE.replace("above = 0.05", ""), "has no comparison; give exactly one"),
        (HEAD + RULE + "below = 1", "has above and below; give exactly one"),
        (HEAD + RULE.replace("0.05", "nan"), r"rule\.0\.above: .* finite"),
        (HEAD + RULE.replace('"run"', '"model"'), r"rule\.0\.applies_to: .*, got 'model'"),
        (HEAD + RULE + 'if_unmeasured = "pass"', r"rule\.0\.if_unmeasured"),
        (HEAD + RULE + RULE, "rules .'risk'. appear twice"),
        (b"\xff\xfe", "cannot be read"),
        (None, "no policy at .*copy"),
    ],
)
def test_a_faulty_policy_is_refused_with_file_and_fault(
    tmp_path: Path, text: str | bytes | None, complaint: str
) -> None:
    path = tmp_path / "missing.toml" if text is None else written(tmp_path, text)
    with pytest.raises(PolicyError, match=complaint) as raised:
        load_policy(path)
    assert str(path) in str(raised.value)


def test_the_default_policy_is_an_example_in_which_what_is_not_measured_trips() -> None:
    policy = load_policy()
    assert "example" in policy.name
    assert {(rule.applies_to, rule.if_unmeasured) for rule in policy.rules} == {
        ("run", "trip"), ("suspect", "trip"), ("audit", "trip"), ("audit", "ignore"),
    }  # fmt: skip
    lax = [rule.name for rule in policy.rules if rule.if_unmeasured == "ignore"]
    assert lax == ["audit-context"], "a world without free context has none to search"
