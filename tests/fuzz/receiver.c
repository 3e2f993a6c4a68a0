/*
 * receiver.c: any bytes as an ELF file with code and debug information, in which the pointer of each call is followed.
 * The seeds are tests/fixtures/types/receiver.c and .cc by gcc -O0, gcc -O2, clang -O2 -gdwarf-4, g++ -O2 -gz and clang++ -O1,
 * with -g -nostdlib -shared -fPIC -fno-exceptions -Wl,--build-id=none.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "types/receiver.h"
#include "util.h"

#define SITES 48
#define CODE  (1u << 16) /* bytes of one section */

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void ask(struct binary *binary, struct demangler *demangler, uint64_t vaddr)
{
	const struct receiver_call calls[] = {{binary, vaddr}, {binary, vaddr}};

	for (uint64_t bytes = 0; bytes < 200; bytes += 48) {
		struct receiver_sizes sizes = {bytes, bytes, (uint8_t)(bytes / 48 % 4), false};
		struct received received = receive(demangler, calls, 2, sizes);

		if (received.type && (!*received.type || received.size > UINT32_MAX || received.call > 1))
			abort();
		if (received.type)
			class_has_twin(binary, received.type);
		free(received.type);
	}
}

/* Behind each instruction that calls. */
static void ask_all(struct binary *binary, struct demangler *demangler)
{
	size_t sites = 0;

	for (size_t i = 0; i < binary->program->object_count && i < SITES; i++)
		class_size_deleted(binary, binary->program->objects[i].vaddr + 16);
	for (size_t i = 0; i < binary->main->code_count; i++) {
		uint64_t end = binary->main->code[i].end, vaddr = binary->main->code[i].start;

		end = end - vaddr > CODE ? vaddr + CODE : end;
		while (vaddr < end && sites < SITES) {
			const cs_insn *instruction = program_instruction(binary->program, vaddr);

			vaddr += instruction ? instruction->size : 1;
			if (instruction && instruction->id == X86_INS_CALL) {
				ask(binary, demangler, vaddr);
				sites++;
			}
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	int fd = memfd_create("program", 0);
	char *path = xasprintf("/proc/self/fd/%d", fd);
	struct demangler demangler = {0};
	struct elf_file *file;

	if (fd < 0 || write(fd, input, size) != (ssize_t)size)
		abort();
	if (elf_file_open(path, &file) == ELF_FINE) {
		struct module module = {.path = path};
		struct binary *binary = xcalloc(1, sizeof(*binary));

		binary->module = &module;
		binary->state = BINARY_FINE;
		binary->main = file;
		binary->dwarf = dwarf_file_open(file);
		if ((binary->program = program_open(binary)))
			ask_all(binary, &demangler);
		binary_close(binary);
	}
	demangler_free(&demangler);
	close(fd);
	free(path);
	return 0;
}
