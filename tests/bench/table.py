"""Medians, ratios and the printed table."""
import statistics


def median(values):
    return statistics.median(values)


def spread(values):
    """Half the range between the quartiles, relative to the median: 0.1 is 'give or take 10 %'."""
    if len(values) < 3:
        return None
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    middle = median(values)
    return (high - low) / 2 / abs(middle) if middle else None


def number(value):
    if value is None:
        return "–"
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def ratio(value):
    """probe's part of heaptrack's: 1/12 is what one wants, 1.5 × is not."""
    if value is None:
        return "–"
    if value <= 0.005:
        return "< 1/200"
    return f"1/{1 / value:.1f}" if value < 1 else f"{value:.2f} ×"


class Row:
    """One line: its figures by tool and what probe's is of heaptrack's. `values` is a dictionary by tool of lists, a
    value for each repetition; the ratio is that of the medians."""

    def __init__(self, section, name, unit, values, goal="", note=""):
        self.section, self.name, self.unit, self.goal, self.note = section, name, unit, goal, note
        self.medians = {tool: median(of) for tool, of in values.items() if of}
        self.spreads = {tool: spread(of) for tool, of in values.items() if of}
        mine, theirs = self.medians.get("probe"), self.medians.get("heaptrack")
        self.ratio = max(mine, 0) / theirs if mine is not None and theirs and theirs > 0 else None
        self.below = None if self.ratio is None else self.ratio < 1

    def higher_is_better(self):
        self.below = None if self.ratio is None else self.ratio > 1
        self.ratio_text = "–" if self.ratio is None else f"{self.ratio:.2f} ×"
        return self

    def noisy(self):
        return any(of is not None and of > 0.25 for tool, of in self.spreads.items() if tool != "bare")

    def cells(self):
        shown = getattr(self, "ratio_text", ratio(self.ratio))
        marks = ("!" if self.below is False else "") + ("~" if self.noisy() else "")
        return [f"  {self.name}", self.unit, number(self.medians.get("bare")), number(self.medians.get("probe")),
                number(self.medians.get("heaptrack")), shown, marks, self.goal, self.note]

    def as_json(self):
        return {"section": self.section, "row": self.name, "unit": self.unit, "median": self.medians,
                "spread": self.spreads, "ratio": self.ratio, "below_heaptrack": self.below, "goal": self.goal,
                "note": self.note}


HEAD = ["", "", "bare", "probe", "heaptrack", "ratio", "", "goal", ""]


def show(rows):
    lines, section = [HEAD], None
    for row in rows:
        if row.section != section:
            section = row.section
            lines.append([section])
        lines.append(row.cells())
    columns = range(len(HEAD))
    widths = [max(len(line[i]) for line in lines if len(line) > 1) for i in columns]
    for line in lines:
        if len(line) == 1:
            print(f"\n{line[0]}")
            continue
        print("  ".join(cell.rjust(width) if 2 <= i <= 5 else cell.ljust(width)
                        for i, (cell, width) in enumerate(zip(line, widths))).rstrip())
