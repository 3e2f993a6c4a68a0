"""Mappings and the break: what is accessible of them, by the site that made them."""
from harness import TMP, record, report
from truth import agree, books_of, fixture, rows_of

books, out = TMP / "exact.json", TMP / "exact.probe"
done = record([fixture("exact"), books, 10], out)
assert (done.status, done.out, done.err) == (0, b"", b""), done
data, kept = report(out), books_of(books)["sites"]
found = rows_of(data, kept, domain="map")

whole = {name: kept[name] for name in ("site_map", "site_map_shared")}
agree(whole, found, "whole mappings")
part = {name: kept[name] for name in ("site_map_cut", "site_map_none", "site_protect", "site_remap", "site_sbrk")}
agree(part, found, "parts of mappings", fields=("bytes",))
print("maps: right")
