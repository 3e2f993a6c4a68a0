/*
 * suppress_shipped.c: what node, OpenSSL, ICU and glibc set up once and keep; see suppress.h. Reads names.
 *
 * A name alone would hide too much: a start-up function may call what a program gave it. So a rule says besides where
 * its function lies, and what else the stack must be. None hides a site that grows from mark to mark (suppress.c).
 */
#include <string.h>

#include "report/suppress.h"
#include "util.h"

enum place {                 /* where the function lies */
	IN_NODE,             /* the runtime's file */
	IN_REALM,            /* node's own script that loads its others */
	IN_CRYPTO,           /* OpenSSL, in a library or in node */
	IN_ICU,              /* ICU, likewise */
	IN_LIBC,
	IN_CXX,              /* libstdc++ */
};

enum {                       /* what else must be */
	INSIDE_OWN = 1,      /* nothing of the program's stands between it and the allocation */
	ALL_OWN    = 2,      /* … nor further out */
	FROM_LOADER = 4,     /* further out stands nothing but the loader */
};

struct rule {
	const char *pattern;     /* of the function, as in a file; "": any, without a name too */
	enum place place;
	unsigned needs;          /* set of the above */
	const char *under;       /* one of these patterns, parted by "|", matches a function further out; NULL: any */
};

/* A worker's threads are not among these: what it keeps is the program's, which made it. */
#define NODE_MAIN "^node::Start("
#define NODE_POOL "^node::(anonymous namespace)::PlatformWorkerThread("
#define NODE_OWN_THREADS NODE_MAIN "|" NODE_POOL

static const struct rule rules[] = {
	/* Of node, before a line of the program runs. */
	{"^__libc_csu_init$", IN_NODE, INSIDE_OWN, NULL},
	{"^_GLOBAL__sub_I_", IN_NODE, INSIDE_OWN, NULL},
	{"^node::InitializeOncePerProcess", IN_NODE, 0, NULL},
	/* … the same by the functions that a stripped node exports. */
	{"^v8::V8::Initialize(", IN_NODE, INSIDE_OWN, NULL},
	{"^node::NodePlatform::NodePlatform(", IN_NODE, INSIDE_OWN, NULL},
	{"^node::Metadata::Versions::", IN_NODE, INSIDE_OWN, NULL},
	{"^ncrypto::CSPRNG(", IN_NODE, INSIDE_OWN, NULL},
	{"^node::NodeMainInstance::NodeMainInstance(", IN_NODE, 0, NULL},
	{"^node::NodeMainInstance::CreateMainEnvironment(", IN_NODE, 0, NULL},
	{"^uv_setup_args$", IN_NODE, INSIDE_OWN, NULL},
	{"^uv_default_loop$", IN_NODE, INSIDE_OWN, NULL},
	{"^node::WorkerThreadsTaskRunner::DelayedTaskScheduler::", IN_NODE, ALL_OWN, NULL},
	{"^v8::internal::Isolate::Enter()$", IN_NODE, ALL_OWN, NODE_MAIN},
	/* Its own scripts that start the program, as far as the program has no part in it. */
	{"^node::LoadEnvironment(", IN_NODE, ALL_OWN, NODE_MAIN},
	/* Its end, and its two queues of tasks. */
	{"^node::NodeMainInstance::~NodeMainInstance(", IN_NODE, INSIDE_OWN, NULL},
	{"^std::_Deque_base<std::unique_ptr<node::DelayedTask,", IN_NODE, INSIDE_OWN, NODE_MAIN},
	{"^std::_Deque_base<std::unique_ptr<v8::Task,", IN_NODE, INSIDE_OWN, NODE_MAIN},
	/* The one buffer that all parsers of HTTP share. */
	{"node::http_parser::Parser::OnStreamAlloc(", IN_NODE, INSIDE_OWN, NODE_MAIN},
	/* A module of its own, once for the main thread. */
	{"compileForInternalLoader$", IN_REALM, INSIDE_OWN, NODE_MAIN},
	{"compileForPublicLoader$", IN_REALM, INSIDE_OWN, NODE_MAIN},
	/* V8's books of the pages of its own heap and of its code: what grows there is not malloc's. */
	{"^v8::internal::Heap::CollectGarbage(", IN_NODE, INSIDE_OWN, NODE_MAIN},
	{"^v8::internal::MemoryAllocator::AllocatePage(", IN_NODE, INSIDE_OWN, NODE_OWN_THREADS},
	{"^v8::internal::MutablePageMetadata::", IN_NODE, INSIDE_OWN, NODE_OWN_THREADS},
	{"^v8::internal::PagedSpaceBase::InitializePage(", IN_NODE, INSIDE_OWN, NODE_OWN_THREADS},
	{"^v8::internal::ThreadIsolation::", IN_NODE, INSIDE_OWN, NODE_OWN_THREADS},
	{"^v8::internal::StringTable::Data::", IN_NODE, INSIDE_OWN, NODE_OWN_THREADS},
	{"^v8::base::RegionAllocator::", IN_NODE, INSIDE_OWN, NODE_OWN_THREADS},
	{"^v8::internal::LocalHeap::AddGCEpilogueCallback(", IN_NODE, INSIDE_OWN, NODE_OWN_THREADS},
	{"^v8::internal::baseline::ConcurrentBaselineCompiler::", IN_NODE, ALL_OWN, NODE_POOL},
	{"^v8::internal::ConcurrentMarking::", IN_NODE, ALL_OWN, NODE_POOL},
	{"^v8::internal::Sweeper::", IN_NODE, ALL_OWN, NODE_POOL},
	{"^v8::internal::ScavengerCollector::", IN_NODE, ALL_OWN, NODE_POOL},
	{"^v8::internal::PageEvacuationJob::", IN_NODE, ALL_OWN, NODE_POOL},
	/* V8's list of who is told of its code: libprobe.so is, to name it. */
	{"^v8::internal::V8FileLogger::SetCodeEventHandler(", IN_NODE, INSIDE_OWN, NULL},
	/* Once per process, whoever comes first. */
	{"^v8::base::CallOnceImpl(", IN_NODE, INSIDE_OWN, NULL},
	{"^node::builtins::BuiltinLoader::SaveCodeCache(", IN_NODE, INSIDE_OWN, NULL},
	{"^v8::platform::tracing::TracingController::GetCategoryGroupEnabled(", IN_NODE, INSIDE_OWN, NULL},
	{"^v8::internal::Intl::GetAvailableLocales", IN_NODE, INSIDE_OWN, NULL},
	{"^node::crypto::GetBundledRootCertificates(", IN_NODE, INSIDE_OWN, NULL},
	{"^node::crypto::GetExtraCACertificates(", IN_NODE, INSIDE_OWN, NULL},
	{"^node::crypto::NewRootCertStore(", IN_NODE, INSIDE_OWN,
	 "^node::crypto::SecureContext::AddRootCerts(|^node::crypto::GetOrCreateRootCertStore("},
	{"^CRYPTO_THREAD_run_once$", IN_CRYPTO, INSIDE_OWN, NULL},
	{"^OPENSSL_init_crypto$", IN_CRYPTO, INSIDE_OWN, NULL},
	{"^OPENSSL_init_ssl$", IN_CRYPTO, INSIDE_OWN, NULL},
	/* Once per algorithm: those that were found are kept in a store, and a caller has a reference to them. */
	{"^evp_generic_fetch", IN_CRYPTO, INSIDE_OWN, NULL},
	{"^EVP_*_fetch$", IN_CRYPTO, INSIDE_OWN, NULL},
	/* Once per locale: V8's and ICU's caches. The objects that a program makes are copies of what is in them. */
	{"^icu_*::UnifiedCache::", IN_ICU, INSIDE_OWN, NULL},
	{"^icu_*::CollationLoader::", IN_ICU, INSIDE_OWN, NULL},
	{"^icu_*::CollationRoot::", IN_ICU, INSIDE_OWN, NULL},
	{"^icu_*::TimeZoneNamesDelegate::", IN_ICU, INSIDE_OWN, NULL},
	{"^udata_findCachedData", IN_ICU, INSIDE_OWN, NULL},
	{"^doLoadFromCommonData", IN_ICU, INSIDE_OWN, NULL},
	{"^init_entry(", IN_ICU, INSIDE_OWN, NULL},
	{"^v8::internal::ICUTimezoneCache::", IN_NODE, INSIDE_OWN, NODE_MAIN},
	{"^icu_*::Locale::getRoot(", IN_ICU, INSIDE_OWN, NULL},
	{"^icu_*::TimeZone::detectHostTimeZone(", IN_ICU, INSIDE_OWN, NULL},
	{"^icu_*::ZoneMeta::", IN_ICU, INSIDE_OWN, NULL},
	{"^icu_*::DateTimePatternGenerator::createInstance(", IN_ICU, INSIDE_OWN, "^v8::internal::JSDateTimeFormat::"},
	{"^icu_*::SimpleDateFormat::SimpleDateFormat(icu_*::UnicodeString const&, icu_*::Locale const&, UErrorCode&)$",
	 IN_ICU, INSIDE_OWN, "^v8::internal::(anonymous namespace)::CreateICUDateFormatFromCache("},
	/* Data of libc that it reads once, and what its functions without a handle keep for their next call. */
	{"setlocale$", IN_LIBC, 0, NULL},
	{"^_nl_find_locale$", IN_LIBC, 0, NULL},
	{"^_nl_find_domain$", IN_LIBC, 0, NULL},
	{"bindtextdomain$", IN_LIBC, 0, NULL},
	{"textdomain$", IN_LIBC, 0, NULL},
	{"^tzset_internal$", IN_LIBC, 0, NULL},
	{"^nss_database_check_reload_and_get$", IN_LIBC, 0, NULL},
	{"nss_database_get$", IN_LIBC, 0, NULL},
	{"^__resolv_conf_get_current$", IN_LIBC, 0, NULL},
	{"^__resolv_conf_attach$", IN_LIBC, 0, NULL},
	{"^__check_pf$", IN_LIBC, 0, NULL},
	{"^__gconv_find_transform$", IN_LIBC, 0, NULL},
	{"^__wcsmbs_load_conv$", IN_LIBC, 0, NULL},
	{"libc_dlopen_mode$", IN_LIBC, 0, NULL},
	{"^_dlerror_run$", IN_LIBC, 0, NULL},
	{"strerror_l$", IN_LIBC, 0, NULL},
	{"^strsignal$", IN_LIBC, 0, NULL},
	{"^getpwuid$", IN_LIBC, 0, NULL},
	{"^getpwnam$", IN_LIBC, 0, NULL},
	{"^getgrgid$", IN_LIBC, 0, NULL},
	{"^getgrnam$", IN_LIBC, 0, NULL},
	{"^gethostbyname$", IN_LIBC, 0, NULL},
	{"^getservbyname$", IN_LIBC, 0, NULL},
	/* The buffers of the standard streams: other streams are not written to by these. */
	{"_IO_file_doallocate$", IN_LIBC, 0,
	 "^printf$|^__printf$|^vprintf$|^puts$|^_IO_puts$|^__GI__IO_puts$|^putchar$|^perror$|^getchar$|^wprintf$|"
	 "^__wprintf$|^scanf$|^__isoc99_scanf$|^std::basic_ostream<|^std::ostream|^__gnu_cxx::stdio_sync_filebuf<|^std::istream"},
	/* What libstdc++ sets aside for exceptions when memory has run out. */
	{"", IN_CXX, INSIDE_OWN | FROM_LOADER, NULL},
};

const size_t shipped_count = sizeof(rules) / sizeof(*rules);

const char *shipped_pattern(size_t rule)
{
	return *rules[rule].pattern ? rules[rule].pattern : "/libstdc++.so";
}

/* ---- frames -------------------------------------------------------------------------------------------------- */

static bool starts_with(const char *path, const char *const *names, size_t count)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < count; i++)
		if (!strncmp(name, names[i], strlen(names[i])))
			return true;
	return false;
}

#define STARTS_WITH(path, ...) \
	starts_with(path, (const char *const[]){__VA_ARGS__}, \
	            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* A node that ended before V8 could tell of its code is one by its name. */
static bool is_node(const struct view_process *process, const char *module)
{
	const char *slash = strrchr(module, '/'), *name = slash ? slash + 1 : module;

	return place_is_engine_file(process, module) || !strcmp(name, "node") || !strcmp(name, "nodejs");
}

static bool is_in(const struct view_process *process, const struct frame *frame, enum place place)
{
	const char *module = frame->module ? frame->module : "";

	if (frame->kind == FRAME_JS)
		return place == IN_REALM && frame->file && !strcmp(frame->file, "node:internal/bootstrap/realm");
	switch (place) {
	case IN_NODE:
		return is_node(process, module);
	case IN_REALM:
		return false;
	case IN_CRYPTO:
		return STARTS_WITH(module, "libcrypto.so", "libssl.so") || is_node(process, module);
	case IN_ICU:
		return STARTS_WITH(module, "libicu") || is_node(process, module);
	case IN_LIBC:
		return STARTS_WITH(module, "libc.so", "libc-");
	case IN_CXX:
		return STARTS_WITH(module, "libstdc++.so");
	}
	return false;
}

/* Is nothing in it the program's: is it the runtime, a library that the rules are about, or one below these? */
static bool is_own(const struct view_process *process, const struct frame *frame)
{
	const char *module = frame->module ? frame->module : "";

	if (frame->kind == FRAME_JS || frame->kind == FRAME_BUILTIN)
		return frame->function && place_is_engine(process, frame);
	if (frame->kind == FRAME_WASM)
		return false;
	return is_node(process, module) || place_is_runtime(module) ||
	       STARTS_WITH(module, "libcrypto.so", "libssl.so", "libicu", "libuv.so", "libz.so", "libnss_");
}

/* The rules that name a function are few: most nodes have none, and many stacks share their outer frames. */
enum { NODE_ASKED = 1, NODE_OWN = 2, NODE_RULE = 4 }; /* … × (index of its first rule + 1) */

static bool names_rule(const struct view_process *process, const struct frame *frame, const struct rule *rule)
{
	return is_in(process, frame, rule->place) &&
	       (!*rule->pattern || (frame->function && suppressions_matches(rule->pattern, frame->function)));
}

/* The first rule from `from` on that names a function of the node. */
static size_t find_rule(struct view_process *process, struct node_id node, size_t from, bool *own)
{
	const struct frame *frames;
	size_t count = names_resolve(process->input->names, process->id, node, &frames), first = shipped_count;

	*own = true;
	for (size_t i = 0; i < count; i++) {
		if (frames[i].machinery)
			continue;
		*own = *own && is_own(process, &frames[i]);
		for (size_t r = from; r < first; r++)
			if (names_rule(process, &frames[i], &rules[r]))
				first = r;
	}
	return first;
}

static uint16_t look(struct view_process *process, struct node_id node)
{
	uint16_t *known;

	if (!process->shipped)
		process->shipped = xcalloc(process->info->node_count, sizeof(*process->shipped));
	known = &process->shipped[node.index - TRACE_FIRST_NODE];
	if (!*known) {
		bool own;
		size_t rule = find_rule(process, node, 0, &own);

		*known = (uint16_t)(NODE_ASKED | (own ? NODE_OWN : 0) |
		                    (rule < shipped_count ? (rule + 1) * NODE_RULE : 0));
	}
	return *known;
}

/* ---- stacks -------------------------------------------------------------------------------------------------- */

static struct node_id outer(const struct view_process *process, struct node_id node)
{
	return (struct node_id){process->info->nodes[node.index - TRACE_FIRST_NODE].parent};
}

/* Does one of the patterns match a function of the node? */
static bool has_function(struct view_process *process, struct node_id node, const char *patterns)
{
	const struct frame *frames;
	size_t count = names_resolve(process->input->names, process->id, node, &frames);
	char pattern[128];

	for (const char *end; *patterns; patterns = *end ? end + 1 : end) {
		end = strchrnul(patterns, '|');
		*(char *)mempcpy(pattern, patterns, (size_t)(end - patterns)) = '\0';
		for (size_t i = 0; i < count; i++)
			if (frames[i].function && suppressions_matches(pattern, frames[i].function))
				return true;
	}
	return false;
}

static bool is_loader(struct view_process *process, struct node_id node)
{
	const struct module *module = place_module(process, node);

	return module && STARTS_WITH(module->path, "ld-linux", "ld-2");
}

/* `node` has the rule's function, and nothing of the program's is further in if `inside_own`. */
static bool holds(struct view_process *process, const struct rule *rule, struct node_id node, bool inside_own)
{
	bool under = !rule->under, outside_own = true, loader = true;

	if ((rule->needs & (INSIDE_OWN | ALL_OWN)) && !inside_own)
		return false;
	if (under && !(rule->needs & (ALL_OWN | FROM_LOADER)))
		return true;
	for (node = outer(process, node); node_is_frame(process->info, node); node = outer(process, node)) {
		under = under || has_function(process, node, rule->under);
		outside_own = outside_own && (look(process, node) & NODE_OWN);
		loader = loader && is_loader(process, node);
	}
	return under && (outside_own || !(rule->needs & ALL_OWN)) &&
	       (!(rule->needs & FROM_LOADER) || (loader && node.index == TRACE_STACK_ROOT));
}

size_t shipped_match(struct view_process *process, struct node_id stack)
{
	bool inside_own = true, own;

	for (struct node_id node = stack; node_is_frame(process->info, node); node = outer(process, node)) {
		uint16_t known = look(process, node);

		inside_own = inside_own && (known & NODE_OWN);
		for (size_t rule = (size_t)(known / NODE_RULE) - 1; rule < shipped_count;
		     rule = find_rule(process, node, rule + 1, &own))
			if (holds(process, &rules[rule], node, inside_own))
				return rule;
	}
	return shipped_count;
}
