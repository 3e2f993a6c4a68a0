/* json_types.c: types as JSON; see json_rows.h. */
#include "report/by_type.h"
#include "report/json_rows.h"

void json_block_type(json_t *object, const struct block_type *is)
{
	json_set(object, "type", json_text(is->type));
	json_set(object, "type_evidence", json_text(is->evidence));
	json_set(object, "owner", json_text(is->owner));
}

json_t *json_type_sum(const struct type_sum *sum, enum domain domain)
{
	static const char *const words[] = {
		[DROPPING_PERFECT] = "perfect", [DROPPING_PARTIAL] = "partial", [DROPPING_NEVER] = "never",
		[DROPPING_UNKNOWN] = NULL,
	};
	json_t *object = json_checked(json_object());

	json_set(object, "type", json_text(sum->type));
	json_set(object, "domain", json_text(domain_name(domain)));
	json_set(object, "bytes", json_number(sum->live_bytes));
	json_set(object, "blocks", json_number(sum->live_blocks));
	json_set(object, "owned_bytes", json_number(sum->owned_bytes));
	json_set(object, "sites", json_number(sum->sites));
	json_set(object, "allocs", json_number(sum->allocs));
	json_set(object, "frees", json_number(sum->frees));
	json_set(object, "dropping", json_text(sum->allocs ? words[type_dropping(sum)] : NULL));
	return object;
}
