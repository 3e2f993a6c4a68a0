/*
 * node_types.c: what node's own blocks and mappings are, by the functions of node, V8, OpenSSL, libuv and zlib that ask for them;
 * see types.h. The same names in node 20, 22 and 24; where a version has another, both stand here. Objects with virtual functions
 * need no rule: they tell their class themselves.
 */
#include <string.h>

#include "names/types_rules.h"
#include "util.h"

struct rule {
	const char *name;         /* in the name of a function … */
	size_t    depth;          /* … among so many innermost frames; 0: anywhere in the stack */
	const char *type;         /* NULL: what the name of that function seems to say is not so */
	bool      raw;            /* bytes that are somebody's data, maybe never written */
};

/* The first that fits. */
static const struct rule blocks[] = {
	{"NodeArrayBufferAllocator::Allocate", 2, "ArrayBuffer backing store", true},
	{"NodeArrayBufferAllocator::Reallocate", 2, "ArrayBuffer backing store", true},
	{"v8::internal::JSArrayBuffer::EnsureExtension", 2, "v8::internal::ArrayBufferExtension", false},
	{"v8::internal::BackingStore::Allocate(", 1, "v8::internal::BackingStore", false},
	{"::ExternString<", 2, "external string", false},
	{"node::StringBytes::Encode(", 2, "external string", false},
	{"AllocForBrotli", 2, "Brotli state", true},
	{"AllocForZstd", 2, "Zstandard state", true},
	{"AllocForZlib", 1, "zlib state", true},
	{"deflateInit2_", 3, "zlib state", true},
	{"inflateInit2_", 3, "zlib state", true},
	{"v8::internal::AccountingAllocator::AllocateSegment", 3, "V8 zone (its compilers' memory)", false},
	{"node::builtins::BuiltinLoader::", 2, "built-in scripts of node", false},
	{"v8::internal::Malloced::operator new", 1, NULL, false}, /* a base of many classes */
};

/* If OpenSSL's functions ask, for node. */
static const struct rule openssl[] = {
	{"node::crypto::TLSWrap::", 0, "TLS connection (OpenSSL)", false},
	{"node::crypto::NewRootCertStore", 0, "root certificates (OpenSSL)", false},
	{"node::crypto::SecureContext::", 0, "TLS context (OpenSSL)", false},
	{"node::crypto::Hash::", 0, "hash (OpenSSL)", false},
	{"node::", 0, "OpenSSL state", false},
};

static const struct rule mappings[] = {
	{"v8::internal::ReadOnlySpace::", 8, "V8 heap pages, read-only", false},
	{"v8::internal::MemoryAllocator::SetPermissionsOnExecutable", 8, "V8 code pages", false},
	{"v8::internal::MemoryAllocator::", 8, "V8 heap pages", false},
	{"v8::internal::CodeRange::", 8, "V8 code range", false},
	{"v8::internal::wasm::WasmCodeManager::", 8, "V8 code of WebAssembly", false},
	{"v8::internal::wasm::WasmCodeAllocator::", 8, "V8 code of WebAssembly", false},
	{"v8::internal::ExternalEntityTable<", 8, "V8 tables of pointers", false},
	{"v8::internal::SegmentedTable<", 8, "V8 tables of pointers", false},
	{"cppgc::internal::", 8, "cppgc heap pages", false},
	{"uv__iou_init", 2, "io_uring rings (libuv)", false},
};

#define COUNT(rules) (sizeof(rules) / sizeof(*(rules)))

static const struct rule *find(const struct rule *rules, size_t rule_count, const struct frame *const *frames, size_t count)
{
	for (const struct rule *rule = rules; rule < rules + rule_count; rule++)
		for (size_t i = 0; i < count && (!rule->depth || i < rule->depth); i++)
			if (frames[i]->kind == FRAME_NATIVE && frames[i]->function && strstr(frames[i]->function, rule->name))
				return rule;
	return NULL;
}

static bool begins(const struct frame *frame, const char *prefix)
{
	return frame->kind == FRAME_NATIVE && frame->function && !strncmp(frame->function, prefix, strlen(prefix));
}

static bool answer_by(struct types *types, const struct rule *rule, struct block_type *answer)
{
	if (!rule)
		return false;
	*answer = (struct block_type){.type = rule->type, .raw = rule->raw};
	if (rule->type)
		answer->evidence = types_keep(types, xasprintf("node: by the name of a function that led to it (%s)", rule->name));
	return true;
}

bool node_types(struct types *types, const struct frame *const *frames, size_t count, struct block_type *answer)
{
	if (!count)
		return false;
	if (begins(frames[0], "CRYPTO_") || begins(frames[0], "OPENSSL_"))
		return answer_by(types, find(openssl, COUNT(openssl), frames, count), answer);
	if (begins(frames[0], "uv__malloc") || begins(frames[0], "uv__calloc") || begins(frames[0], "uv__realloc"))
		frames++, count--;
	if (count && begins(frames[0], "uv_") && find(&(struct rule){"node::", 0, NULL, false}, 1, frames, count)) {
		*answer = (struct block_type){.type = "libuv state", .evidence = "node: libuv asked for it"};
		return true;
	}
	return answer_by(types, find(blocks, COUNT(blocks), frames, count), answer);
}

struct block_type types_of_mapping(struct types *types, const struct frame *const *frames, size_t count)
{
	struct block_type answer = {0};

	answer_by(types, find(mappings, COUNT(mappings), frames, count), &answer);
	return answer;
}
