"""Policies are read strictly."""

import hashlib
from pathlib import Path

import pytest

from evals.gate import PolicyError, PolicyRule, load_policy

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


def write(folder: Path, text: str) -> Path:
    path = folder / "policy.toml"
    path.write_text(text)
    return path


def test_a_policy_reads_back_what_its_text_says(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + RULE)
    policy = load_policy(path)
    assert policy.name == "mine"
    assert policy.source == str(path)
    assert policy.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    (rule,) = policy.rules
    assert (rule.name, rule.when, rule.comparison, rule.threshold) == (
        "risk",
        "risk",
        "above",
        0.05,
    )
    assert (rule.applies_to, rule.action, rule.because) == ("run", "look", "it says so")
    assert rule.if_unmeasured == "trip"


@pytest.mark.parametrize("comparison", ["above", "below", "at_least", "at_most"])
def test_every_comparison_takes_whole_numbers_and_fractions(
    tmp_path: Path, comparison: str
) -> None:
    for number in ("0", "3", "-0.25"):
        text = HEAD + RULE.replace("above = 0.05", f"{comparison} = {number}")
        (rule,) = load_policy(write(tmp_path, text)).rules
        assert (rule.comparison, rule.threshold) == (comparison, float(number))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (HEAD, "the policy is empty; add a"),
        (HEAD + "rule = []", "the policy is empty; add a"),
        (HEAD + 'rule = "risk"', "must be a list of tables"),
        (HEAD + "[rule]\nname = 'risk'", "must be a list of tables"),
        (HEAD + "rule = [1]", "must be a table, got 1"),
        ('name = "mine"\n' + RULE, "missing key 'schema'"),
        ("schema = 1\n" + RULE, "missing key 'name'"),
        ('schema = 1\nname = " "\n' + RULE, "no name"),
        ('schema = 2\nname = "mine"\n' + RULE, "reads only schema 1"),
        ('schema = "1"\nname = "mine"\n' + RULE, "'schema' in .policy. must be int"),
        (HEAD + "strict = true\n" + RULE, "unknown key 'strict'"),
        (HEAD + RULE + "severity = 3", "unknown key 'severity' in .rule 1, risk."),
        (HEAD + RULE.replace('because = "it says so"', ""), "missing key 'because'"),
        (HEAD + RULE.replace('when = "risk"', "when = 3"), "'when' in .rule 1, risk. must be str"),
        (HEAD + RULE.replace('"look"', '" "'), "'action' is empty"),
        (HEAD + RULE.replace("above = 0.05", ""), "has no comparison; give exactly one"),
        (HEAD + RULE + "below = 1", "has above and below; give exactly one"),
        (HEAD + RULE.replace("0.05", "nan"), "above is nan"),
        (HEAD + RULE.replace("0.05", "inf"), "above is inf"),
        (HEAD + RULE.replace("0.05", "true"), "'above' in .rule 1, risk. must be a number"),
        (HEAD + RULE.replace("0.05", '"0.05"'), "'above' in .rule 1, risk. must be a number"),
        (HEAD + RULE.replace('"run"', '"model"'), "applies_to is 'model', wanted one of"),
        (HEAD + RULE + 'if_unmeasured = "pass"', "if_unmeasured is 'pass', wanted one of"),
        (HEAD + RULE + RULE, "rules .'risk'. appear twice"),
        (HEAD + RULE + 'when = "again"', "not readable TOML"),
        ("schema =", "not readable TOML"),
    ],
)
def test_a_faulty_policy_is_refused_with_file_and_fault(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(PolicyError, match=complaint) as raised:
        load_policy(path)
    assert str(path) in str(raised.value)


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"no policy at .*copy"):
        load_policy(tmp_path / "missing.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PolicyError, match="not readable TOML"):
        load_policy(tmp_path / "binary.toml")


def test_a_rule_built_by_hand_is_checked_too() -> None:
    with pytest.raises(PolicyError, match="give exactly one"):
        PolicyRule("risk", "risk", "look", "so", "run")


def test_the_default_policy_says_that_its_numbers_are_an_example() -> None:
    policy = load_policy()
    text = Path(policy.source).read_text()
    assert "are this project's example" in text
    assert "example" in policy.name
    assert {rule.applies_to for rule in policy.rules} == {"run", "suspect"}
    assert {rule.if_unmeasured for rule in policy.rules} == {"trip"}
