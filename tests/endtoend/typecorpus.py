"""Small C and C++ programs that leak, made from a seed, each with the truth about itself: what it leaked at which line.
A program prints a line per kind of block: line, type, bytes of one block, bytes of one of the type, blocks. The line is
negative where the call may be the last thing that a function does: it may not be in the stack then."""
import random

HEAD = r"""
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>
#define NOINLINE __attribute__((noinline))
struct truth_row { int line; const char *type; unsigned long bytes, size, count; };
static struct truth_row truth_rows[256]; static int truth_count;
static NOINLINE void truth(int line, const char *type, unsigned long bytes, unsigned long size)
{
	int i;
	for (i = 0; i < truth_count; i++)
		if (truth_rows[i].line == line && truth_rows[i].bytes == bytes && !strcmp(truth_rows[i].type, type))
			break;
	if (i == truth_count) { truth_rows[i].line = line; truth_rows[i].type = type; truth_rows[i].bytes = bytes;
		truth_rows[i].size = size; truth_count++; }
	truth_rows[i].count++;
}
static void tell(void)
{
	char text[300];
	for (int i = 0; i < truth_count; i++) {
		int n = snprintf(text, sizeof text, "%d\t%s\t%lu\t%lu\t%lu\n", truth_rows[i].line, truth_rows[i].type,
			truth_rows[i].bytes, truth_rows[i].size, truth_rows[i].count);
		if (write(1, text, (size_t)n) != n) _exit(9);
	}
}
#define LEAK(type, bytes, size) truth(__LINE__, type, bytes, size)
#define LEAK_BY_CALLER(type, bytes, size) truth(-__LINE__, type, bytes, size)
static volatile int one = 1;
void *kept[64]; int kept_count;
static NOINLINE void keep(void *p) { kept[kept_count++ % 64] = p; }
static inline void lose(void *p) { __asm__ volatile("" : : "r"(p) : "memory"); }
"""

SCALARS = ["char", "short", "int", "long", "float", "double", "int64_t", "uint64_t", "uint32_t", "uint16_t", "int32_t",
           "unsigned long", "long long"]


class Maker:
    def __init__(self, seed, cxx):
        self.random = random.Random(seed)
        self.cxx = cxx
        self.types, self.code, self.calls = [], [], []
        self.count = 0

    def pick(self, *things):
        return self.random.choice(things)

    def name(self, stem):
        self.count += 1
        return f"{stem}_{self.pick('node', 'item', 'peer', 'order', 'frame', 'entry', 'user', 'page')}{self.count}"

    def struct(self, stem="s", extra=""):
        """A struct, by tag or by typedef: how C spells it, and how it is shown."""
        name = self.name(stem)
        size = self.random.randint(1, 12)
        fields = "".join(f" {self.pick('int', 'long', 'double', 'short', 'char *', 'void *')} f{i};" for i in range(size))
        body = f"{{{fields} {extra} int last; long pad[{self.random.randint(1, 9)}]; }}"
        form = self.random.randint(0, 2)
        if self.cxx or form == 0:
            self.types.append(f"struct {name} {body};")
            return (name if self.cxx else f"struct {name}"), name
        if form == 1:
            self.types.append(f"typedef struct {body} {name};")
            return name, name
        self.types.append(f"typedef struct {name} {name}; struct {name} {body};")
        return name, name

    def function(self, body, params="void", result="void", inline=None):
        name = self.name("fn")
        kind = inline if inline is not None else self.pick("static NOINLINE", "static", "")
        self.code.append(f"{kind} {result} {name}({params})\n{{\n{body}\n}}")
        return name

    def run(self, name, arguments="", times=None):
        times = times or self.pick(1, 1, 2, 5)
        self.calls.append(f"\tfor (int i = 0; i < {times} * one; i++) {name}({arguments});")

    def sink(self, var):
        return self.pick(f"lose({var});", f"keep({var});", f"kept[one] = {var};")

    def cast(self, type_):
        return f"({type_} *)" if self.cxx else self.pick("", f"({type_} *)")

    # ---- C, and C++ as well ----

    def scalar(self):
        t = self.pick(*SCALARS)
        n = self.pick(1, 1, 3, 10, 100)
        how = self.pick("malloc({0} * sizeof({1}))", "calloc({0}, sizeof({1}))", "malloc({0} * sizeof *p)",
                        "calloc(1, {0} * sizeof(*p))").format(n, t)
        self.run(self.function(f"\tLEAK(\"{t}\", {n} * sizeof({t}), sizeof({t})); {t} *p = ({t} *){how};\n"
                               f"\tp[0] = ({t})one;\n\t{self.sink('p')}"))

    def plain(self):
        t, shown = self.struct()
        n = self.pick(1, 1, 1, 4, 17)
        how = self.pick(f"malloc({n} * sizeof({t}))", f"calloc({n}, sizeof({t}))", f"aligned_alloc(16, {n} * sizeof({t}))")
        check = self.pick("", "\tif (!p) return;\n", "\tif (p == NULL) abort();\n")
        fill = self.pick("", "\tp->last = one;\n", f"\tmemset(p, 0, {n} * sizeof *p);\n")
        self.run(self.function(f"\tLEAK(\"{shown}\", {n} * sizeof({t}), sizeof({t})); {t} *p = {self.cast(t)}{how};\n"
                               f"{check}{fill}\t{self.sink('p')}"))

    def later(self):
        """Assigned to a variable that was there before."""
        t, shown = self.struct()
        self.run(self.function(f"\t{t} *p = NULL;\n\tif (one)\n\t\t{{ LEAK(\"{shown}\", sizeof({t}), sizeof({t})); "
                               f"p = {self.cast(t)}malloc(sizeof *p); }}\n\tif (p) p->last = one + 1;\n\t{self.sink('p')}"))

    def tail(self):
        name = self.name("t")
        self.types.append(f"struct {name} {{ int length; {self.pick('char', 'int', 'double', 'void *')} data[]; }};")
        n = self.random.randint(3, 99)
        self.run(self.function(f"\tLEAK(\"{name}\", sizeof(struct {name}) + {n}, 0); struct {name} *p = "
                               f"(struct {name} *)malloc(sizeof *p + {n});\n\tp->length = {n};\n\t{self.sink('p')}"))

    def member(self):
        t, shown = self.struct()
        e, eshown = self.struct("m", f"{t} *part; char *text;")
        make = self.pick(f"malloc(sizeof({t}))", f"calloc(1, sizeof({t}))")
        where = self.pick("static", "parameter", "new")
        n = self.random.randint(5, 40)
        leaks = (f"\tLEAK(\"{shown}\", sizeof({t}), sizeof({t})); o->part = {self.cast(t)}{make};\n"
                 f"\tLEAK(\"char\", {n}, 1); o->text = {self.cast('char')}malloc({n});\n"
                 f"\tif (o->text) o->text[0] = 'x';\n\to->last++;")
        if where == "static":
            self.code.append(f"static {e} held{self.count};")
            self.run(self.function(f"\t{e} *o = &held{self.count};\n{leaks}\n\tlose(o);"), times=1)
        elif where == "parameter":
            f = self.function(leaks + "\n\tlose(o);", f"{e} *o", inline="static NOINLINE")
            self.code.append(f"static {e} given{self.count};")
            self.run(f, f"&given{self.count}", 1)
        else:
            self.run(self.function(f"\tLEAK(\"{eshown}\", sizeof({e}), sizeof({e})); {e} *o = {self.cast(e)}malloc(sizeof *o);\n"
                                   f"\tif (!o) return;\n{leaks}\n\t{self.sink('o')}"))

    def global_(self):
        t, shown = self.struct()
        g = self.name("g")
        self.code.append(f"{self.pick('static', '')} {t} *{g};")
        self.run(self.function(f"\tLEAK(\"{shown}\", sizeof({t}), sizeof({t})); {g} = {self.cast(t)}calloc(1, sizeof({t}));\n"
                               f"\t{g}->last = one;\n\tlose({g});"), times=1)

    def table(self):
        t, shown = self.struct()
        g = self.name("table")
        local = self.pick(True, False)
        if not local:
            self.code.append(f"static {t} *{g}[16];")
        inside = f"\tstatic {t} *{g}[16];\n" if local else ""
        self.run(self.function(f"{inside}\tfor (int k = 0; k < 8 * one; k++)\n\t\t{{ LEAK(\"{shown}\", sizeof({t}), sizeof({t})); "
                               f"{g}[k] = {self.cast(t)}malloc(sizeof({t})); }}\n\tlose({g});"), times=1)

    def leaving(self, type_):
        """Optimized, a function that ends in the call jumps there: it is not in the stack."""
        return f"LEAK_BY_CALLER(\"{type_[0]}\", sizeof({type_[1]}), sizeof({type_[1]}));"

    def factory(self):
        t, shown = self.struct()
        f = self.function(f"\t{self.leaving((shown, t))} return {self.cast(t)}malloc(sizeof({t}));",
                          result=f"{t} *")
        self.run(self.function(f"\t{t} *p = {f}();\n\tp->last = 3;\n\t{self.sink('p')}"))

    def made(self):
        t, shown = self.struct()
        f = self.function(f"\tLEAK(\"{shown}\", sizeof({t}), sizeof({t})); {t} *made = {self.cast(t)}malloc(sizeof({t}));\n"
                          f"\tif (!made) return NULL;\n\tmade->last = n;\n\treturn made;", "int n", f"{t} *")
        self.run(self.function(f"\tlose({f}(one));"))

    def wrapper(self):
        t, shown = self.struct()
        depth = self.pick(1, 2, 2, 3)
        inner = "malloc"
        for level in range(depth):
            body = self.pick(f"\tvoid *p = {inner}(n);\n\tif (!p)\n\t\tabort();\n\treturn p;", f"\treturn {inner}(n);",
                             f"\tvoid *p = {inner}(n);\n\tif (p == NULL) {{ truth_count = 0; exit(1); }}\n\tmemset(p, 0, n);"
                             f"\n\treturn p;")
            inner = self.function(body, "size_t n", "void *", self.pick("static NOINLINE", "static", ""))
        n = self.pick(1, 1, 6)
        form = self.pick("variable", "member", "return")
        leak = f"LEAK(\"{shown}\", {n} * sizeof({t}), sizeof({t}));"
        if form == "variable":
            self.run(self.function(f"\t{leak} {t} *p = {self.cast(t)}{inner}({n} * sizeof({t}));\n\tp->last = one;\n"
                                   f"\t{self.sink('p')}"))
        elif form == "member":
            e, _ = self.struct("w", f"{t} *part;")
            self.code.append(f"static {e} owner{self.count};")
            self.run(self.function(f"\t{leak} owner{self.count}.part = {self.cast(t)}{inner}({n} * sizeof({t}));\n"
                                   f"\tlose(&owner{self.count});"), times=1)
        else:
            leak = leak.replace("LEAK", "LEAK_BY_CALLER")
            f = self.function(f"\t{leak} return {self.cast(t)}{inner}({n} * sizeof({t}));", result=f"{t} *",
                              inline="static NOINLINE")
            self.run(self.function(f"\tlose({f}());"))

    def macro(self):
        t, shown = self.struct()
        f = self.function("\tvoid *p = count > (size_t)-1 / size ? NULL : malloc(count * size);\n\tif (!p) abort();\n"
                          "\treturn p;", "size_t count, size_t size", "void *")
        m = self.name("NEW")
        self.code.append(f"#define {m}(type, n) ((type *){f}(n, sizeof(type)))")
        n = self.pick(1, 9)
        self.run(self.function(f"\tLEAK(\"{shown}\", {n} * sizeof({t}), sizeof({t})); {t} *p = {m}({t}, {n});\n"
                               f"\tp->last = one;\n\t{self.sink('p')}"))

    def text(self):
        s = "x" * self.random.randint(1, 40)
        kind = self.pick("strdup", "strndup", "malloc", "asprintf")
        if kind == "strdup":
            body = f"\tLEAK(\"char\", {len(s) + 1}, 1); char *p = strdup(\"{s}\");\n\t{self.sink('p')}"
        elif kind == "strndup":
            body = f"\tLEAK(\"char\", {len(s)}, 1); char *p = strndup(\"{s}\", {len(s) - 1});\n\t{self.sink('p')}"
        elif kind == "malloc":
            body = (f"\tLEAK(\"char\", {len(s) + 1}, 1); char *p = (char *)malloc(strlen(\"{s}\") + 1);\n"
                    f"\tstrcpy(p, \"{s}\");\n\t{self.sink('p')}")
        else:
            body = (f"\tchar *p;\n\tLEAK(\"char\", {len(s) + 2}, 1); if (asprintf(&p, \"%s%d\", \"{s}\", one) < 0) abort();\n"
                    f"\t{self.sink('p')}")
        self.run(self.function(body))

    def wide(self):
        n = self.random.randint(2, 30)
        body = self.pick(f"LEAK(\"wchar_t\", {n} * sizeof(wchar_t), sizeof(wchar_t)); wchar_t *p = (wchar_t *)malloc({n} * "
                         f"sizeof(wchar_t));\n\twmemset(p, L'a', {n});",
                         f"LEAK(\"wchar_t\", {n + 1} * sizeof(wchar_t), sizeof(wchar_t)); wchar_t *p = wcsdup(L\"{'w' * n}\");")
        self.run(self.function(f"\t{body}\n\t{self.sink('p')}"))

    def growth(self):
        t, shown = self.struct() if self.pick(True, False) else ("int", "int")
        v = self.name("vec")
        self.types.append(f"struct {v} {{ {t} *items; size_t count, capacity; }};")
        n = self.random.randint(3, 40)
        capacity = 4
        while capacity < n:
            capacity *= 2
        store = self.pick("direct", "checked")
        line = (f"v->items = {self.cast(t)}realloc(v->items, v->capacity * sizeof({t}));" if store == "direct" else
                f"{t} *more = {self.cast(t)}realloc(v->items, v->capacity * sizeof *more); if (!more) abort(); v->items = more;")
        push = self.function(f"\tif (v->count == v->capacity) {{\n\t\tv->capacity = v->capacity ? v->capacity * 2 : 4;\n"
                             f"\t\tif (v->capacity == {capacity}) LEAK(\"{shown}\", {capacity} * sizeof({t}), sizeof({t})); {line}\n"
                             f"\t}}\n\tmemset(&v->items[v->count++], 0, sizeof({t}));", f"struct {v} *v")
        self.code.append(f"static struct {v} {v}_all;")
        self.run(self.function(f"\tfor (int k = 0; k < {n} * one; k++)\n\t\t{push}(&{v}_all);\n\tlose({v}_all.items);"), times=1)

    def list_(self):
        name = self.name("link")
        self.types.append(f"struct {name} {{ struct {name} *next; int key; long pad[{self.random.randint(1, 9)}]; }};")
        self.code.append(f"static struct {name} *{name}_head;")
        self.run(self.function(f"\tLEAK(\"{name}\", sizeof(struct {name}), sizeof(struct {name})); struct {name} *n = "
                               f"(struct {name} *)malloc(sizeof *n);\n\tn->next = {name}_head;\n\tn->key = one;\n\t{name}_head = n;\n\tlose({name}_head);"),
                 times=self.random.randint(2, 20))

    def tree(self):
        name = self.name("tree")
        self.types.append(f"struct {name} {{ struct {name} *child[2]; int depth; }};")
        f = self.name("grow")
        self.code.append(f"static struct {name} *{f}(int depth)\n{{\n\tif (!depth)\n\t\treturn NULL;\n\tLEAK(\"{name}\", sizeof(struct "
                         f"{name}), sizeof(struct {name})); struct {name} *t = (struct {name} *)malloc(sizeof *t);\n\tt->depth = depth;\n"
                         f"\tt->child[0] = {f}(depth - 1);\n\tt->child[1] = {f}(depth - 1);\n\treturn t;\n}}")
        self.run(self.function(f"\tlose({f}(4 * one));"), times=1)

    def buckets(self):
        name = self.name("bucket")
        n = self.random.randint(4, 64)
        self.types.append(f"struct {name} {{ char *key; struct {name} *next; }};\n"
                          f"struct {name}_map {{ struct {name} **slots; size_t size; }};")
        self.code.append(f"static struct {name}_map {name}_all;")
        self.run(self.function(
            f"\tstruct {name}_map *m = &{name}_all;\n\tLEAK(\"{name}*\", {n} * sizeof(void *), sizeof(void *)); m->slots = "
            f"(struct {name} **)calloc({n}, sizeof *m->slots);\n\tm->size = {n};\n\tfor (unsigned k = 0; k < 3u * one; k++) {{\n"
            f"\t\tLEAK(\"{name}\", sizeof(struct {name}), sizeof(struct {name})); struct {name} *e = (struct {name} *)malloc(sizeof *e);\n"
            f"\t\te->next = m->slots[k % m->size];\n\t\tm->slots[k % m->size] = e;\n\t}}\n\tlose(m);"), times=1)

    def passed(self):
        t, shown = self.struct()
        f = self.function("\to->last = 7;\n\tlose(o);", f"{t} *o", inline="static NOINLINE")
        self.run(self.function(f"\tLEAK(\"{shown}\", sizeof({t}), sizeof({t})); {f}({self.cast(t)}malloc(sizeof({t})));"))

    def through_void(self):
        t, shown = self.struct()
        self.run(self.function(f"\tLEAK(\"{shown}\", sizeof({t}), sizeof({t})); void *raw = malloc(sizeof({t}));\n\t{t} *p = "
                               f"({t} *)raw;\n\tp->last = one;\n\tkeep(raw);"))

    def pool(self):
        name = self.name("pool")
        n = self.pick(512, 4096)
        self.types.append(f"struct {name} {{ char *memory; size_t used, size; }};")
        take = self.function("\tvoid *at = pool->memory + pool->used;\n\tpool->used += n;\n\treturn at;",
                             f"struct {name} *pool, size_t n", "void *")
        self.run(self.function(
            f"\tLEAK(\"{name}\", sizeof(struct {name}), sizeof(struct {name})); struct {name} *pool = (struct {name} *)malloc(sizeof "
            f"*pool);\n\tLEAK(\"char\", {n}, 1); pool->memory = (char *)malloc({n});\n\tpool->used = 0;\n\tpool->size = {n};\n"
            f"\tfor (int k = 0; k < 4 * one; k++)\n\t\t*(int *){take}(pool, 16) = k;\n\t{self.sink('pool')}"))

    def memalign(self):
        t, shown = self.struct()
        self.run(self.function(f"\t{t} *p;\n\tLEAK(\"{shown}\", sizeof({t}), sizeof({t})); if (posix_memalign((void **)&p, 64, "
                               f"sizeof({t}))) return;\n\tp->last = one;\n\t{self.sink('p')}"))

    def out_parameter(self):
        t, shown = self.struct()
        f = self.function(f"\tLEAK(\"{shown}\", sizeof({t}), sizeof({t})); *out = {self.cast(t)}malloc(sizeof **out);\n"
                          f"\treturn *out ? 0 : -1;", f"{t} **out", "int")
        self.run(self.function(f"\t{t} *p;\n\tif ({f}(&p)) return;\n\tp->last = one;\n\t{self.sink('p')}"))

    def matrix(self):
        t = self.pick("double", "int", "float")
        n = self.random.randint(3, 12)
        self.run(self.function(
            f"\tLEAK(\"{t}*\", {n} * sizeof({t} *), sizeof({t} *)); {t} **rows = ({t} **)malloc({n} * sizeof *rows);\n"
            f"\tfor (int k = 0; k < {n} * one; k++)\n\t\t{{ LEAK(\"{t}\", 5 * sizeof({t}), sizeof({t})); rows[k] = ({t} *)malloc(5 * "
            f"sizeof({t})); }}\n\t{self.sink('rows')}"))

    def union_(self):
        name = self.name("u")
        self.types.append(f"union {name} {{ long number; double real; char text[{self.random.randint(8, 60)}]; }};")
        self.run(self.function(f"\tLEAK(\"{name}\", sizeof(union {name}), sizeof(union {name})); union {name} *p = (union {name} *)"
                               f"malloc(sizeof *p);\n\tp->number = one;\n\t{self.sink('p')}"))

    def enum_(self):
        name = self.name("e")
        n = self.random.randint(2, 30)
        self.types.append(f"enum {name} {{ {name}_A, {name}_B = 1000 }};")
        self.run(self.function(f"\tLEAK(\"{name}\", {n} * sizeof(enum {name}), sizeof(enum {name})); enum {name} *p = (enum {name} *)"
                               f"calloc({n}, sizeof *p);\n\tp[1] = {name}_B;\n\t{self.sink('p')}"))

    def through_pointer(self):
        t, shown = self.struct()
        g = self.name("allocate")
        self.code.append(f"static void *(*volatile {g})(size_t) = malloc;")
        self.run(self.function(f"\tLEAK(\"{shown}\", sizeof({t}), sizeof({t})); {t} *p = {self.cast(t)}{g}(sizeof *p);\n\tp->last = "
                               f"one;\n\t{self.sink('p')}"))

    def failing(self):
        a, ashown = self.struct()
        b, bshown = self.struct()
        self.run(self.function(
            f"\t{a} *first = NULL; {b} *second = NULL;\n\tLEAK(\"{ashown}\", sizeof({a}), sizeof({a})); first = {self.cast(a)}malloc(sizeof "
            f"*first);\n\tif (!first) goto fail;\n\tLEAK(\"{bshown}\", 3 * sizeof({b}), sizeof({b})); second = {self.cast(b)}calloc(3, sizeof "
            f"*second);\n\tif (!second) goto fail;\n\tfirst->last = second[2].last;\n\tkeep(first);\n\tkeep(second);\n\treturn;\nfail:\n"
            f"\tfree(first);\n\tfree(second);"))

    def pointers(self):
        n = self.random.randint(2, 20)
        self.run(self.function(
            f"\tLEAK(\"char*\", {n} * sizeof(char *), sizeof(char *)); char **names = (char **)malloc({n} * sizeof(char *));\n"
            f"\tfor (int k = 0; k < {n} * one; k++)\n\t\t{{ LEAK(\"char\", 9, 1); names[k] = strdup(\"abcdefgh\"); }}\n"
            f"\t{self.sink('names')}"))

    def several(self):
        """As many as only the running program knows."""
        t, shown = self.struct()
        n = self.random.randint(2, 9)
        how = self.pick("malloc(n * sizeof({0}))", "calloc(n, sizeof({0}))", "calloc(sizeof({0}), n)", "reallocarray(NULL, n, sizeof({0}))",
                        "malloc(bytes)", "realloc(NULL, bytes)").format(t)
        self.run(self.function(f"\tsize_t n = {n} * (size_t)one, bytes = n * sizeof({t});\n\tlose(&bytes);\n\tLEAK(\"{shown}\", bytes, "
                               f"sizeof({t})); {t} *p = {self.cast(t)}{how};\n\tp->last = one;\n\t{self.sink('p')}"))

    def headed(self):
        """Text behind a struct that does not know of it."""
        name = self.name("h")
        self.types.append(f"struct {name} {{ int length, kind; {self.pick('', 'void *owner;', 'long a, b, c;')} }};")
        n = self.pick("8", "16", "24", "48", "13")
        n = self.pick(n, f"{n} * (size_t)one", f"{n} * (size_t)one")
        self.run(self.function(f"\tsize_t n = {n};\n\tLEAK(\"{name}\", sizeof(struct {name}) + n, 0); struct {name} *p = (struct {name} *)"
                               f"malloc(sizeof *p + n);\n\tchar *text = (char *)(p + 1);\n\tp->length = (int)n;\n\tfor (size_t k = 0; k < n; "
                               f"k++)\n\t\ttext[k] = (char)k;\n\t{self.sink('p')}"))

    def based(self):
        """What begins with something else, and is put into a pointer to that."""
        base, name = self.name("b"), self.name("d")
        self.types.append(f"struct {base} {{ int kind, last; }};\nstruct {name} {{ struct {base} base; {self.pick('long', 'int', 'char')} "
                          f"v[{self.random.randint(3, 9)}]; }};")
        self.run(self.function(f"\tLEAK(\"{name}\", sizeof(struct {name}), sizeof(struct {name})); struct {base} *p = (struct {base} *)"
                               f"malloc(sizeof(struct {name}));\n\tp->last = one;\n\t((struct {name} *)p)->v[2] = 'x';\n\t{self.sink('p')}"))

    C = ["several", "headed", "based", "scalar", "plain", "plain", "later", "tail", "member", "member", "global_", "table", "factory", "made", "wrapper",
         "wrapper", "macro", "text", "wide", "growth", "list_", "tree", "buckets", "passed", "through_void", "pool", "memalign",
         "out_parameter", "matrix", "union_", "enum_", "through_pointer", "failing", "pointers"]

    # ---- C++ ----

    def new(self):
        t, shown = self.struct()
        n = self.pick(0, 0, 5)
        if n:
            self.run(self.function(f"\tLEAK(\"{shown}\", {n} * sizeof({t}), sizeof({t})); {t} *p = new {t}[{n}];\n\tp[1].last = one;\n"
                                   f"\t{self.sink('p')}"))
        else:
            self.run(self.function(f"\tLEAK(\"{shown}\", sizeof({t}), sizeof({t})); {self.pick('auto', t)} *p = new {t}"
                                   f"{self.pick('', '()', '{}')};\n\tp->last = one;\n\t{self.sink('p')}"))

    def klass(self):
        name = self.name("C")
        inline = self.pick(True, False)
        body = "{ for (int &x : v) x = n; }"
        space = self.pick("", "space")
        whole = f"{space}::{name}" if space else name
        definition = (f"class {name} {{ int v[{self.random.randint(2, 30)}]; long id; public: {name}(int n)"
                      f"{' : id(n) ' + body if inline else ';'} int get() const {{ return v[1]; }} }};")
        self.types.append(f"namespace {space} {{ {definition} }}" if space else definition)
        if not inline:
            self.types.append(f"{whole}::{name}(int n) : id(n) {body}")
        self.run(self.function(f"\tLEAK(\"{whole}\", sizeof({whole}), sizeof({whole})); {whole} *p = new {whole}(one);\n"
                               f"\t{self.sink('p')}"))

    def polymorphic(self):
        base, kinds = self.name("Base"), [self.name("Kind") for _ in range(2)]
        self.types.append(f"struct {base} {{ virtual ~{base}() {{}} virtual int area() const {{ return tag; }} int tag = 1; }};")
        for i, kind in enumerate(kinds):
            self.types.append(f"struct {kind} : {base} {{ long v[{i * 3 + self.random.randint(1, 3)}]; {kind}(int n) {{ v[0] = n; }} "
                              f"int area() const override {{ return (int)v[0]; }} }};")
        form = self.pick("variable", "vector", "factory")
        lines, table = [], self.name("shapes")
        if form == "vector":
            self.code.append(f"static {base} *{table}[4];")
        for kind in kinds:
            leak = f"LEAK(\"{kind}\", sizeof({kind}), sizeof({kind}));"
            if form == "factory":
                f = self.function(f"\t{leak} return new {kind}(one);", result=f"{base} *")
                lines.append(f"\tkeep({f}());")
            elif form == "vector":
                lines.append(f"\t{leak} {table}[one] = new {kind}(one);")
            else:
                lines.append(f"\t{leak} {base} *p_{kind} = new {kind}(one);\n\tif (p_{kind}->area() > 3) keep(p_{kind}); else "
                             f"lose(p_{kind});")
        if form == "vector":
            lines.append(f"\tlose({table});")
        self.run(self.function("\n".join(lines)))

    def counted(self):
        """An array of objects with destructors: its count lies before them."""
        name = self.name("D")
        n = self.random.randint(2, 9)
        self.types.append(f"struct {name} {{ long v[{self.random.randint(1, 5)}]; {name}() {{ v[0] = one; }} ~{name}() {{ lose(this); }} }};")
        self.run(self.function(f"\tLEAK(\"{name}\", 8 + {n} * sizeof({name}), sizeof({name})); {name} *p = new {name}[{n}];\n\t{self.sink('p')}"))

    def number(self):
        t = self.pick("int", "double", "long", "uint64_t")
        n = self.pick(0, 12)
        made = f"new {t}[{n}]()" if n else f"new {t}(3)"
        self.run(self.function(f"\tLEAK(\"{t}\", {max(n, 1)} * sizeof({t}), sizeof({t})); {t} *p = {made};\n\t{self.sink('p')}"))

    def template(self):
        name = self.name("Box")
        a = self.pick("int", "double", "short")
        self.types.append(f"template<class T, int N> struct {name} {{ T v[N]; {name} *next; {name}() : next(nullptr) {{ v[0] = T(one); }} }};")
        n = self.random.randint(2, 9)
        t = f"{name}<{a}, {n}>"
        if self.pick(True, False):
            f = self.name("make")
            self.code.append(f"template<class T> static T *{f}()\n{{\n\tLEAK(\"{t}\", sizeof(T), sizeof(T)); return new T();\n}}")
            self.run(self.function(f"\t{t} *p = {f}<{t}>();\n\t{self.sink('p')}"))
        else:
            self.run(self.function(f"\tLEAK(\"{t}\", sizeof({t}), sizeof({t})); auto *p = new {t}();\n\t{self.sink('p')}"))

    def vector(self):
        t, shown = self.struct() if self.pick(True, False) else ("int", "int")
        n = self.random.randint(3, 20)
        self.run(self.function(f"\tLEAK(\"std::vector<{shown}, std::allocator<{shown}> >\", sizeof(std::vector<{t}>), "
                               f"sizeof(std::vector<{t}>)); auto *v = new std::vector<{t}>();\n"
                               f"\tLEAK(\"{shown}\", {n} * sizeof({t}), sizeof({t})); v->resize({n});\n\t{self.sink('v')}"))

    def string(self):
        n = self.random.randint(31, 60)
        self.run(self.function(f"\tLEAK(\"std::string\", sizeof(std::string), sizeof(std::string)); auto *s = new std::string();\n"
                               f"\tLEAK(\"char\", {n + 1}, 1); s->assign({n}, 'x');\n\t{self.sink('s')}"))

    def list(self):
        t, shown = self.struct()
        self.run(self.function(f"\tLEAK(\"std::__cxx11::list<{shown}, std::allocator<{shown}> >\", sizeof(std::list<{t}>), "
                               f"sizeof(std::list<{t}>)); auto *l = new std::list<{t}>();\n\tLEAK(\"{shown}\", 16 + sizeof({t}), 0); "
                               f"l->push_back({t}());\n\t{self.sink('l')}"))

    def map(self):
        t, shown = self.struct()
        self.code.append(f"static std::map<int, {t}> *map{self.count};")
        self.run(self.function(f"\tLEAK(\"std::map<int, {shown}, std::less<int>, std::allocator<std::pair<int const, {shown}> > >\", "
                               f"sizeof(std::map<int, {t}>), 0); map{self.count} = new std::map<int, {t}>();\n"
                               f"\tLEAK(\"std::pair<int const, {shown}>\", 32 + sizeof(std::pair<const int, {t}>), 0); "
                               f"(*map{self.count})[3] = {t}();\n\tlose(map{self.count});"), times=1)

    def shared(self):
        t, shown = self.struct()
        self.code.append(f"static std::shared_ptr<{t}> *shared{self.count};")
        self.run(self.function(f"\tLEAK(\"std::shared_ptr<{shown}>\", sizeof(std::shared_ptr<{t}>), 0); shared{self.count} = new "
                               f"std::shared_ptr<{t}>();\n\tLEAK(\"{shown}\", 16 + sizeof({t}), 0); *shared{self.count} = "
                               f"std::make_shared<{t}>();\n\tlose(shared{self.count});"), times=1)

    def unique(self):
        t, shown = self.struct()
        self.run(self.function(f"\tLEAK(\"{shown}\", sizeof({t}), sizeof({t})); auto p = std::make_unique<{t}>();\n"
                               f"\tp->last = one;\n\tkeep(p.release());"))

    def placement(self):
        t, shown = self.struct()
        self.run(self.function(f"\tLEAK(\"{shown}\", sizeof({t}), sizeof({t})); void *raw = std::malloc(sizeof({t}));\n\t{t} *p = "
                               f"new (raw) {t}();\n\t{self.sink('p')}"))

    def holder(self):
        t, shown = self.struct()
        name = self.name("Holder")
        self.types.append(f"struct {name} {{ {t} *part; int n;\n\t{name}() : n(one) {{ LEAK(\"{shown}\", sizeof({t}), sizeof({t})); part = new {t}(); }} }};")
        self.run(self.function(f"\tLEAK(\"{name}\", sizeof({name}), sizeof({name})); {name} *p = new {name};\n\t{self.sink('p')}"))

    def diamond(self):
        a, b, c = self.name("A"), self.name("B"), self.name("C")
        self.types.append(f"struct {a} {{ virtual ~{a}() {{}} int x = 1; }}; struct {b} {{ virtual int f() {{ return y; }} long y = 2; }};\n"
                          f"struct {c} : {a}, {b} {{ int f() override {{ return z; }} int z = one; long w[4]; }};")
        self.run(self.function(f"\tLEAK(\"{c}\", sizeof({c}), sizeof({c})); {self.pick(c, a)} *p = new {c}();\n\t{self.sink('p')}"))

    def allocator(self):
        t, shown = self.struct()
        name = self.name("Alloc")
        n = self.random.randint(2, 9)
        self.types.append(f"template<class T> struct {name} {{ typedef T value_type; {name}() {{}} template<class U> {name}(const {name}<U> &) "
                          f"{{}}\n\tT *allocate(size_t n) {{ return static_cast<T *>(malloc(n * sizeof(T))); }} void deallocate(T *p, size_t) "
                          f"{{ free(p); }} bool operator==(const {name} &) const {{ return true; }} bool operator!=(const {name} &) const "
                          f"{{ return false; }} }};")
        self.code.append(f"static std::vector<{t}, {name}<{t}>> *own{self.count};")
        self.run(self.function(f"\tLEAK(\"std::vector<{shown}, {name}<{shown}> >\", sizeof(*own{self.count}), 0); own{self.count} = new "
                               f"std::vector<{t}, {name}<{t}>>();\n\tLEAK(\"{shown}\", {n} * sizeof({t}), sizeof({t})); "
                               f"own{self.count}->reserve({n});\n\tlose(own{self.count});"), times=1)

    def smart(self):
        """A unique_ptr as a member."""
        t, shown = self.struct()
        name = self.name("Smart")
        self.types.append(f"struct {name} {{ std::unique_ptr<{t}> part; int n = 0; }};")
        self.run(self.function(f"\tLEAK(\"{name}\", sizeof({name}), sizeof({name})); {name} *p = new {name}();\n\tLEAK(\"{shown}\", sizeof({t}), "
                               f"sizeof({t})); p->part.reset(new {t}());\n\t{self.sink('p')}"))

    def derived(self):
        """Without virtual functions, and put into a pointer to its base."""
        base, name = self.name("B"), self.name("D")
        built = self.pick("", f"{base}() : kind(one) {{}}")
        self.types.append(f"struct {base} {{ int kind, last; {built} }};\nstruct {name} : {base} {{ long v[{self.random.randint(1, 6)}]; "
                          f"{self.pick('', name + '() { v[0] = one; }')} }};")
        leak = f"LEAK(\"{name}\", sizeof({name}), sizeof({name}));"
        if self.pick(True, False):
            f = self.function(f"\t{leak.replace('LEAK', 'LEAK_BY_CALLER')} return new {name};", result=f"{base} *", inline="static NOINLINE")
            self.run(self.function(f"\t{base} *p = {f}();\n\tstatic_cast<{name} *>(p)->v[0] = one;\n\t{self.sink('p')}"))
        else:
            self.run(self.function(f"\t{leak} {base} *p = new {name};\n\tstatic_cast<{name} *>(p)->v[0] = one;\n\t{self.sink('p')}"))

    def raw(self):
        t, shown = self.struct()
        n = self.random.randint(2, 9)
        how = self.pick("::operator new(n * sizeof({0}))", "::operator new[](n * sizeof({0}))", "new char[n * sizeof({0})]").format(t)
        self.run(self.function(f"\tsize_t n = {n} * (size_t)one;\n\tLEAK(\"{shown}\", n * sizeof({t}), sizeof({t})); {t} *p = ({t} *){how};\n"
                               f"\tp->last = one;\n\t{self.sink('p')}"))

    def objects(self):
        """Arrays of objects with virtual functions."""
        name = self.name("V")
        n = self.random.randint(2, 9)
        self.types.append(f"struct {name} {{ long v[{self.random.randint(1, 5)}]; {name}() {{ v[0] = one; }} virtual ~{name}() {{ lose(this); }} "
                          f"virtual int kind() {{ return (int)v[0]; }} }};")
        self.run(self.function(f"\tLEAK(\"{name}\", 8 + {n} * sizeof({name}), sizeof({name})); {name} *p = new {name}[{n} * one];\n"
                               f"\t{self.sink('p')}"))

    CXX = ["derived", "derived", "raw", "objects", "new", "new", "klass", "klass", "polymorphic", "polymorphic", "counted", "number", "template", "template", "vector",
           "string", "list", "map", "shared", "unique", "placement", "holder", "diamond", "allocator", "smart"]

    def text_of(self):
        kinds = self.CXX + self.C[::2] if self.cxx else self.C
        for kind in [self.pick(*kinds) for _ in range(self.random.randint(3, 6))]:
            getattr(self, kind)()
        head = HEAD
        if self.cxx:
            head = ("#include <list>\n#include <map>\n#include <memory>\n#include <string>\n#include <vector>\n" + head)
        return "\n".join(["#define _GNU_SOURCE" if not self.cxx else "", head, *self.types, *self.code,
                          "int main(void)\n{", *self.calls, "\tlose(kept);\n\ttell();\n\treturn 0;\n}", ""])


def program(seed, cxx):
    return Maker(seed, cxx).text_of()
