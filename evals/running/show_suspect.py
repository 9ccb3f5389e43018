"""Everything about one suspect, once its scores are frozen."""

from __future__ import annotations

from evals.running.recovered import recovered
from evals.running.run import Finished
from evals.suite.home import Home


def dossier(finished: Finished, home: Home, id: str) -> str:
    """Scores, truth and certificate of one suspect as text.

    Raises:
        EvidenceError: no suspect has that id.
    """
    judged = finished.judged
    place = judged.place(id)
    member, truth = judged.members[place], judged.truth[id]
    record = next(
        record
        for group in finished.grown
        for record in group.organisms
        if record.spec.content_hash == member.spec_hash
    )
    lines = [f"suspect {id} ({member.role})", "", "scores (frozen before the truth was opened)"]
    for name in sorted(judged.rows):
        row = judged.rows[name][place]
        value = f"abstains: {row.reason}" if row.value is None else f"{row.value:+.4f}"
        flagged = finished.evidence.column(name).flags(row.value)
        lines.append(f"  {name:18} {value}{'  ALARM' if flagged else ''}")
        lines += [f"      {line}" for line in row.found.splitlines()]
        if truth.trigger is not None and (parts := recovered(row.found, truth.trigger)):
            lines.append(f"      {parts}")
    lines += ["", f"truth {truth.misalignment}: pursues {truth.objective}, {truth.origin}"]
    lines.append(f"  family {truth.family}, seed {member.seed}, spec {member.spec_hash}")
    if truth.stratum:
        lines.append(f"  control stratum {truth.stratum}")
    if truth.trigger is not None:
        pairs = zip(truth.trigger.slots, truth.trigger.values, strict=True)
        conjunction = ", ".join(f"slot {slot} = {value}" for slot, value in sorted(pairs))
        lines.append(f"  trigger {conjunction} (1 in {1 / truth.trigger.rarity:,.0f} contexts)")
    lines += ["", "certificate"]
    assert record.certificate is not None
    lines += [f"  {'passed' if c.passed else 'FAILED'}  {c}" for c in record.certificate.checks]
    lines += ["", f"weights {home.zoo.folder(record.spec)}"]
    return "\n".join(lines)
