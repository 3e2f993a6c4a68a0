/* The lines of an allocation log: each form, each way to be wrong, and where the format is ambiguous. */
#include <stdio.h>
#include <string.h>

#include "import/log_line.h"
#include "suite.h"

static struct log_block block;

static void read_text(const char *text)
{
	block.text = text;
	block.size = strlen(text);
	log_block_read(&block);
}

static void check_text(struct log_text text, const char *wanted)
{
	ck_assert_uint_eq(text.size, strlen(wanted));
	ck_assert_int_eq(memcmp(text.at, wanted, text.size), 0);
}

/* One line, which allocates. */
static void check_alloc(const char *text, uint64_t size, const char *file, uint32_t line, uint32_t column,
                        const char *type, uint64_t id)
{
	const struct log_key *key;

	read_text(text);
	ck_assert_msg(block.count == 1 && !block.bad_count, "%s", text);
	ck_assert_int_eq(block.lines[0].op, LOG_ALLOCATE);
	ck_assert_uint_eq(block.lines[0].size, size);
	ck_assert_uint_eq(block.lines[0].id, id);
	key = &block.keys[block.lines[0].key];
	check_text(key->file, file);
	ck_assert_uint_eq(key->line, line);
	ck_assert_uint_eq(key->column, column);
	check_text(key->type, type);
}

static void check_drop(const char *text, uint64_t size, const char *type, uint64_t id)
{
	read_text(text);
	ck_assert_msg(block.count == 1 && !block.bad_count, "%s", text);
	ck_assert_int_eq(block.lines[0].op, LOG_DROP);
	ck_assert_uint_eq(block.lines[0].size, size);
	ck_assert_uint_eq(block.lines[0].id, id);
	check_text(block.keys[block.lines[0].key].type, type);
}

static void check_bad(const char *text, enum log_why why)
{
	read_text(text);
	ck_assert_msg(block.count == 0 && block.bad_count == 1 && block.records == 1, "%s", text);
	ck_assert_msg(block.bad[0].why == why, "%s: %s", text, log_why(block.bad[0].why));
}

START_TEST(lines_of_text)
{
	check_alloc("@ ALLOCATE 24 src/lib.rs:10 Foo 7\n", 24, "src/lib.rs", 10, 0, "Foo", 7);
	check_alloc("@\tALLOCATE\t24\tsrc/lib.rs:10\tFoo\t7\t\n", 24, "src/lib.rs", 10, 0, "Foo", 7);
	check_alloc("@ALLOCATE  0  a:1  HashMap<u64, Vec<u8>>  18446744073709551615\r\n", 0, "a", 1, 0,
	            "HashMap<u64, Vec<u8>>", UINT64_MAX);
	check_alloc("@ ALLOCATE 140737488355328 a.js:3:14 T 0\n", 1ull << 47, "a.js", 3, 14, "T", 0);
	/* Files with blanks and colons; types that end in a number; a type that nobody knows. */
	check_alloc("@ ALLOCATE 8 my dir/a b.rs:3 Foo 7\n", 8, "my dir/a b.rs", 3, 0, "Foo", 7);
	check_alloc("@ ALLOCATE 8 C:\\x y\\z.rs:3 Foo 7\n", 8, "C:\\x y\\z.rs", 3, 0, "Foo", 7);
	check_alloc("@ ALLOCATE 8 a.rs:3 int 32 7\n", 8, "a.rs", 3, 0, "int 32", 7);
	check_alloc("@ ALLOCATE 8 a.rs:3 ? 7\n", 8, "a.rs", 3, 0, "", 7);
	check_alloc("@ ALLOCATE 8 a.rs:3 <b.rs:4 as C>::D 7\n", 8, "a.rs", 3, 0, "<b.rs:4 as C>::D", 7);
	check_alloc("@ ALLOCATE 008 a.rs:0 @T 007\n", 8, "a.rs", 0, 0, "@T", 7);
	check_drop("@ DROP 24 Foo 7\n", 24, "Foo", 7);
	check_drop("@ DROP\t24\tHashMap<u64, Vec<u8>>\t7\n", 24, "HashMap<u64, Vec<u8>>", 7);
	check_drop("@ DROP 24 a.rs:3 7\n", 24, "a.rs:3", 7);
	read_text("@ MEMORY 65536\n");
	ck_assert_uint_eq(block.count, 1);
	ck_assert_int_eq(block.lines[0].op, LOG_MEMORY);
	ck_assert_uint_eq(block.lines[0].size, 65536);
}
END_TEST

START_TEST(lines_of_json)
{
	check_alloc("@ {\"op\":\"ALLOCATE\",\"size\":24,\"file\":\"src/lib.rs\",\"line\":10,\"type\":\"Foo\",\"id\":7}\n", 24,
	            "src/lib.rs", 10, 0, "Foo", 7);
	/* Any order, the place in one, numbers as texts, members that mean nothing, and ids above 2^53. */
	check_alloc("@{ \"id\" : \"9007199254740993\", \"x\": [1, {\"id\": [3]}, [], \"]\"], \"type\": \"A\\u00e4 \\\"\\ud83d\\ude00\","
	            " \"event\":\"ALLOCATE\", \"file\":\"C:\\\\a.rs:3:9\",\"bytes\":1, \"y\":null, \"z\": true }\r\n", 1,
	            "C:\\a.rs", 3, 9, "A\xc3\xa4 \"\xf0\x9f\x98\x80", 9007199254740993);
	check_alloc("@ {\"op\":\"ALLOCATE\",\"size\":1,\"file\":\"a:3 b\",\"line\":4,\"column\":2,\"type\":\"\",\"id\":18446744073709551615}\n",
	            1, "a:3 b", 4, 2, "", UINT64_MAX);
	check_alloc("@ {\"op\":\"ALLOCATE\",\"size\":1,\"file\":\"a\",\"line\":4,\"type\":null,\"id\":1}\n", 1, "a", 4, 0, "", 1);
	check_drop("@ {\"op\":\"DROP\",\"size\":24,\"type\":\"DROP\",\"id\":7}\n", 24, "DROP", 7);
	read_text("@ {\"op\":\"MEMORY\",\"bytes\":12}\n");
	ck_assert_uint_eq(block.count, 1);
	ck_assert_uint_eq(block.lines[0].size, 12);
	check_bad("@ {\"op\":\"DROP\",\"size\":24,\"type\":\"T\",\"id\":7\n", LOG_NO_OBJECT);
	check_bad("@ {\"op\":\"DROP\",\"size\":24,\"type\":\"T\",\"id\":7} 8\n", LOG_NO_OBJECT);
	check_bad("@ {\"op\":\"DROP\",\"size\":24,\"type\":\"\\ud8\n", LOG_NO_OBJECT);
	check_bad("@ {\"op\":\"FREE\",\"size\":24,\"type\":\"T\",\"id\":7}\n", LOG_NO_OP);
	check_bad("@ {\"op\":\"DROP\",\"size\":-24,\"type\":\"T\",\"id\":7}\n", LOG_NO_SIZE);
	check_bad("@ {\"op\":\"DROP\",\"size\":2.5,\"type\":\"T\",\"id\":7}\n", LOG_NO_SIZE);
	check_bad("@ {\"op\":\"DROP\",\"size\":99999999999999999999999,\"type\":\"T\",\"id\":7}\n", LOG_HUGE_SIZE);
	check_bad("@ {\"op\":\"DROP\",\"size\":24,\"type\":\"T\",\"id\":18446744073709551616}\n", LOG_NO_ID);
	check_bad("@ {\"op\":\"DROP\",\"size\":24,\"type\":\"T\",\"id\":1e3}\n", LOG_NO_ID);
	check_bad("@ {\"op\":\"DROP\",\"size\":24,\"id\":7}\n", LOG_NO_TYPE);
	check_bad("@ {\"op\":\"ALLOCATE\",\"size\":24,\"type\":\"T\",\"id\":7}\n", LOG_NO_PLACE);
	check_bad("@ {\"op\":\"ALLOCATE\",\"size\":24,\"file\":\"a\",\"type\":\"T\",\"id\":7}\n", LOG_NO_PLACE);
	check_bad("@ {\"op\":\"DROP\",\"size\":24,\"type\":\"a\\u0000b\",\"id\":7}\n", LOG_NUL);
}
END_TEST

START_TEST(lines_that_are_wrong)
{
	check_bad("@\n", LOG_NO_OP);
	check_bad("@ \r\n", LOG_NO_OP);
	check_bad("@ FREE 8 T 7\n", LOG_NO_OP);
	check_bad("@ ALLOCATED 8 a.rs:3 T 7\n", LOG_NO_OP);
	check_bad("@ DROP\n", LOG_NO_OP);
	check_bad("@ DROP x T 7\n", LOG_NO_SIZE);
	check_bad("@ DROP -8 T 7\n", LOG_NO_SIZE);
	check_bad("@ DROP 8T 7\n", LOG_NO_SIZE);
	check_bad("@ DROP 140737488355329 T 7\n", LOG_HUGE_SIZE);
	check_bad("@ DROP 18446744073709551617 T 7\n", LOG_HUGE_SIZE);
	check_bad("@ MEMORY 8 7\n", LOG_NO_SIZE);
	check_bad("@ DROP 8 T\n", LOG_NO_ID);
	check_bad("@ DROP 8 T x7\n", LOG_NO_ID);
	check_bad("@ DROP 8 T -7\n", LOG_NO_ID);
	check_bad("@ DROP 8 T 18446744073709551616\n", LOG_NO_ID);
	check_bad("@ DROP 8\n", LOG_NO_ID);
	check_bad("@ DROP 8 7\n", LOG_NO_TYPE);
	check_bad("@ ALLOCATE 8 7\n", LOG_NO_PLACE);
	check_bad("@ ALLOCATE 8 a.rs T 7\n", LOG_NO_PLACE);
	check_bad("@ ALLOCATE 8 :3 T 7\n", LOG_NO_PLACE);
	check_bad("@ ALLOCATE 8 a.rs:4294967296 T 7\n", LOG_NO_PLACE);
	check_bad("@ ALLOCATE 8 a.rs:3 7\n", LOG_NO_TYPE);
	/* Written by two threads at once, or torn in the middle by one that died. */
	check_bad("@ ALLOCATE 8 a.rs:3 Fo@ DROP 8 T 7\n", LOG_TWO_IN_ONE);
	check_bad("@ DROP 8 T@\tALLOCATE 8 a.rs:3 T 7\n", LOG_TWO_IN_ONE);
}
END_TEST

START_TEST(what_is_passed_over)
{
	static const char text[] = "@ DROP 8 T\0U 7\n";

	read_text("\n ALLOCATE 8 a.rs:3 T 7\n @ ALLOCATE 8 a.rs:3 T 7\nx @ DROP 8 T 7\n\r\n@ DROP 8 T 7\n\xef\xbb\xbf@ DROP 8 T 7\n");
	ck_assert_uint_eq(block.line_count, 7);
	ck_assert_uint_eq(block.records, 1);
	ck_assert_uint_eq(block.count, 1);
	ck_assert_uint_eq(block.lines[0].number, 5);
	block.text = text;
	block.size = sizeof text - 1;
	log_block_read(&block);
	ck_assert_uint_eq(block.bad_count, 1);
	ck_assert_int_eq(block.bad[0].why, LOG_NUL);
}
END_TEST

START_TEST(a_last_line_without_end)
{
	read_text("@ DROP 8 T 6\n@ DROP 8 T 7");
	ck_assert(block.count == 2 && block.is_doubtful && !block.is_torn && !block.bad_count);
	read_text("@ DROP 8 T 6\n@ DROP 8 ");
	ck_assert(block.count == 1 && !block.is_doubtful && block.is_torn && !block.bad_count);
	ck_assert_uint_eq(block.torn.number, 1);
	read_text("@ DROP 8 T 6\nx");
	ck_assert(block.count == 1 && !block.is_doubtful && !block.is_torn);
	/* A line of which this is only the beginning. */
	block.is_cut = true;
	read_text("@ DROP 8 T 6\n@ DROP 8 T 7");
	ck_assert(block.count == 1 && !block.is_doubtful && !block.is_torn && block.bad_count == 1);
	ck_assert_int_eq(block.bad[0].why, LOG_TOO_LONG);
	block.is_cut = false;
}
END_TEST

START_TEST(keys_are_shared)
{
	char text[400000], *at = text;

	for (int i = 0; i < 6000; i++)
		at += sprintf(at, "@ ALLOCATE 8 a.rs:%d Type%d %d\n", i % 3000, i % 3000, i);
	read_text(text);
	ck_assert_uint_eq(block.count, 6000);
	ck_assert_uint_eq(block.key_count, 3000);
	for (size_t i = 0; i < 6000; i++) {
		const struct log_key *key = &block.keys[block.lines[i].key];

		ck_assert_uint_eq(key->line, i % 3000);
		ck_assert_uint_eq(block.lines[i].id, i);
		ck_assert_uint_eq(block.lines[i].number, i);
	}
	/* The same text is another key where it means something else, and an object's is not a line's. */
	read_text("@ ALLOCATE 8 a:1 T 1\n@ DROP 8 a:1 T 2\n"
	          "@ {\"op\":\"ALLOCATE\",\"size\":8,\"file\":\"a\",\"line\":1,\"type\":\"T\",\"id\":3}\n"
	          "@ {\"type\":\"T\",\"op\":\"ALLOCATE\",\"size\":9,\"file\":\"a:1\",\"id\":4}\n");
	ck_assert_uint_eq(block.count, 4);
	ck_assert_uint_eq(block.key_count, 3);
	ck_assert_uint_eq(block.lines[2].key, block.lines[3].key);
	log_block_free(&block);
}
END_TEST

SUITE_MAIN("lines of a log", lines_of_text, lines_of_json, lines_that_are_wrong, what_is_passed_over,
           a_last_line_without_end, keys_are_shared)
