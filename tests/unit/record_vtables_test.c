/*
 * record_vtables_test.c: what a look through memory tells, by either way of reading: with process_vm_readv, and with
 * /proc/self/mem where a filter refuses that. While other threads map and unmap; no descriptor is left open.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "record/sample.h"
#include "record_stub.h"
#include "record/vtables.h"
#include "suite.h"
#include "trace/recording.h"

#define OBJECTS 1000

static void code(void) {}

/* As a compiler lays them out; the second class has no typeinfo, the third is no table: an object within another has it. */
static const struct { const void *table, *name; } typeinfo = {&typeinfo, "N3zoo3CatE"};
static const void *tables[3][3] = {{0, &typeinfo, code}, {0, 0, code}, {(void *)-16l, &typeinfo, code}};

static int stop;

static void *churn(void *argument)
{
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		char *p = mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		munmap(p + (1 << 20), 1 << 20);
		munmap(p, 1 << 20);
		munmap(p + (2 << 20), 6 << 20);
	}
	return argument;
}

static size_t descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void refuse_readv(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(*filter), filter};

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static uint64_t number(const uint8_t **at)
{
	uint64_t value = 0;

	for (unsigned shift = 0;; shift += 7) {
		value |= (uint64_t)(**at & 127) << shift;
		if (!(*(*at)++ & 128))
			return value;
	}
}

START_TEST(looks)
{
	const char *directory = record_stub_start();
	uintptr_t data = (uintptr_t)tables & -4096ul, text = (uintptr_t)code & -4096ul;
	uint64_t *objects = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before = descriptors(), found = 0, of[3] = {0};
	const struct process_info *info;
	struct recording *recording;
	pthread_t thread;

	record_stub_modules[0] = (struct module_parts){
		.tables = {{data, data + 8192}}, .code = {text, text + 4096},
		.all = {(uintptr_t)&typeinfo - (1 << 20), (uintptr_t)&typeinfo + (1 << 20)}, .stays = _i / 2,
	};
	record_stub_module_count = 1;
	library.first = true;
	if (_i % 2)
		refuse_readv();
	for (size_t i = 0; i < OBJECTS; i++) { /* most pages between are never touched */
		objects[i * 6000] = (uintptr_t)(tables[i % 3] + 2);
		objects[i * 6000 + 1] = i;
	}
	ck_assert_int_eq(pthread_create(&thread, NULL, churn, NULL), 0);
	errno = 7;
	vtables_take(TRACE_SAMPLE_END);
	ck_assert_int_eq(errno, 7);
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(descriptors(), before);

	recording = recording_open(directory);
	info = &recording->processes[0];
	ck_assert_uint_eq(info->vtable_count, 3);
	ck_assert_uint_ge(info->look_count, 1);
	for (size_t i = 0; i < info->look_count; i++) {
		const uint8_t *at = info->looks[i].words;
		uint64_t place = 0;

		ck_assert_int_eq(info->looks[i].head.one_of, 0);
		ck_assert_int_eq(info->looks[i].head.flags & TRACE_VTABLES_CUT, 0);
		for (uint32_t j = 0; j < info->looks[i].head.count; j++) {
			uint64_t step = number(&at), id = number(&at), index;

			place += step >> 1 ^ -(step & 1);
			number(&at);
			index = place * 8 - (uintptr_t)objects;
			if (index >= 64 << 20)
				continue; /* on the stack, say */
			ck_assert_uint_eq(index % 48000, 0);
			index /= 48000;
			ck_assert_uint_ne(index % 3, 2);
			ck_assert_uint_eq(info->vtables[id].address, (uintptr_t)(tables[index % 3] + 2));
			ck_assert_str_eq(info->vtables[id].name, index % 3 ? "" : "N3zoo3CatE");
			of[index % 3]++;
			found++;
		}
		ck_assert_ptr_eq(at, info->looks[i].words + info->looks[i].size);
	}
	ck_assert_uint_eq(found, of[0] + of[1]);
	ck_assert_uint_eq(of[0], (OBJECTS + 2) / 3);
	ck_assert_uint_eq(of[1], (OBJECTS + 1) / 3);
	recording_close(recording);
	record_stub_end();
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("vtables");

	tcase_add_loop_test(tcase, looks, 0, 4);
	return suite_run("vtables", tcase);
}
