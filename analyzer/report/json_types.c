/* json_types.c: types of blocks as JSON; see json_rows.h. */
#include "report/json_rows.h"

json_t *json_type_sum(const struct view_type_sum *sum, enum domain domain)
{
	json_t *object = json_checked(json_object());

	json_set(object, "type", json_text(sum->type));
	json_set(object, "domain", json_text(domain_name(domain)));
	json_set(object, "bytes", json_number(sum->live_bytes));
	json_set(object, "blocks", json_number(sum->live_blocks));
	json_set(object, "owned_bytes", json_number(sum->owned_bytes));
	json_set(object, "sites", json_number(sum->sites));
	json_set(object, "allocs", json_number(sum->allocs));
	json_set(object, "frees", json_number(sum->frees));
	json_set(object, "dropping", json_text(view_dropping(sum)));
	return object;
}

void json_site_type(json_t *object, const struct view *view, const struct view_site *site)
{
	struct block_type type = view_type(view, &view->processes[site->process], site->domain, site->stack,
	                                   (struct block_sizes){site->allocs, site->bytes_allocated});

	json_set(object, "type", json_text(type.type));
	json_set(object, "type_evidence", json_text(type.evidence));
	json_set(object, "owner", json_text(type.owner));
}
