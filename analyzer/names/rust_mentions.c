/* rust_mentions.c: the types that a Rust name mentions; see rust_name.h. */
#include "names/rust_name.h"
#include "names/rust_text.h"

#define DEEPEST 200           /* brackets within brackets; deeper ones are not looked into */

struct open_bracket {
	struct span owner;        /* the path before a <, or none */
	uint32_t  argument;       /* number of the one that is being read */
	uint32_t  depth, users;   /* as in struct rust_mention, inside */
};

/* Past what stands behind " as " at `at`, a trait: up to the bracket that closes what it is in. */
static size_t skip_trait(struct span text, size_t at)
{
	size_t inside = 0;

	for (; at < text.size; at++) {
		int step = bracket(text, at);

		if (step < 0 && !inside)
			break;
		inside += (size_t)step;
	}
	return at;
}

size_t rust_mentions(struct span text, struct rust_mention *mentions, size_t most)
{
	struct open_bracket open[DEEPEST + 1] = {0};
	struct span before = {0}; /* the path that ends here, to which a < belongs */
	size_t depth = 0, count = 0, at = 0;

	while (at < text.size && count < most) {
		const struct open_bracket *in = &open[depth];
		struct span last, rest = span_from(text, at);
		size_t segments, size = path_size(rest, &last, &segments);
		int step = bracket(text, at);

		if (span_begins(rest, "dyn ") && (!at || !is_word(text.at[at - 1]))) { /* a trait, of whatever type */
			at += 4;
			at += path_size(span_from(text, at), &last, &segments);
			before = (struct span){0};
			continue;
		}
		if (size) {
			before = (struct span){rest.at, size};
			at += size;
			/* A path that goes on is a function's or a closure's. */
			if (segments > 1 && !span_begins(span_from(text, at), "::") && !rust_is_std(before) &&
			    isupper((unsigned char)*last.at))
				mentions[count++] = (struct rust_mention){before, in->owner, in->argument, in->depth, in->users};
			continue;
		}
		if (span_begins(rest, "::<")) {
			at += 2;
			continue;
		}
		if (span_begins(rest, " as ")) {
			at = skip_trait(text, at);
			continue;
		}
		if (step > 0) {
			bool arguments = text.at[at] == '<' && before.size;

			if (depth == DEEPEST)
				return count;
			open[depth + 1] = (struct open_bracket){.depth = in->depth + arguments,
			                                        .users = in->users + (arguments && !rust_is_std(before)),
			                                        .owner = arguments ? before : (struct span){0}};
			depth++;
		} else if (step < 0 && depth) {
			depth--;
		} else if (text.at[at] == ',') {
			open[depth].argument++;
		}
		before = (struct span){0};
		at++;
	}
	return count;
}
