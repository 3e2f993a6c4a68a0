"""What tests of the ledger share: asking for it, and holding it to the kernel's own count."""
from harness import probe, report, show

REST = 0.03  # of RSS, that may be unexplained
COST = 0.01  # of the CPU time, that samples may take


def ledgers(out):
    """By pid, of the last image."""
    return {p["pid"]: p["ledger"] for p in report(out)["processes"]}


def kinds(ledger):
    """Bytes by kind of part."""
    found = {}
    for part in ledger["parts"]:
        found[part["kind"]] = found.get(part["kind"], 0) + part["bytes"]
    return found


def adds_up(ledger, what):
    for moment in [*ledger["samples"], {**ledger, "kinds": kinds(ledger)}]:
        total = sum(moment["kinds"].values()) + moment["unexplained_bytes"]
        assert total == moment["rss_bytes"], f"{what}: {total} is not {moment}"
    assert ledger["unexplained_bytes"] <= REST * ledger["rss_bytes"], f"{what}: {ledger}"


def near(got, wanted, share, slack, what):
    """Within a share and some bytes, of the truth."""
    assert abs(got - wanted) <= share * wanted + slack, f"{what}: {got}, in truth {wanted}"


def told(out):
    """The section of the report that a person reads."""
    done = probe("report", out)
    assert done.status == 0, done
    text = show(done.out, 10 ** 6)
    assert "Where the memory is" in text, text
    return text
