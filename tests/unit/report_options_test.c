/* Arguments are read by a table; what is not in it is refused with status 2. */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>

#include "commands/commands.h"
#include "suite.h"

static const struct option options[] = {
	{"json", 'j', NULL, ""}, {"top", 't', "N", ""}, {"output", 'o', "DIR", ""}, {NULL, 0, NULL, NULL},
};
static const struct command reads_all = {.name = "test", .options = options};
static const struct command stops = {.name = "test", .options = options, .stops = true};

static struct arguments arguments_of(const struct command *command, int argc, char **argv)
{
	return (struct arguments){.command = command, .argc = argc, .argv = argv, .at = 1};
}
#define ARGUMENTS(command, ...) \
	arguments_of(&(command), (int)(sizeof((char *[]){"test", __VA_ARGS__}) / sizeof(char *)), \
	             (char *[]){"test", __VA_ARGS__})

START_TEST(options_and_operands)
{
	struct arguments arguments = ARGUMENTS(reads_all, "a", "--json", "--top=5", "--top", "6", "-jo", "d", "-t7",
	                                       "-", "--", "--json");

	ck_assert_int_eq(argument_next(&arguments), ARGUMENT_OPERAND);
	ck_assert_str_eq(arguments.value, "a");
	ck_assert_int_eq(argument_next(&arguments), 0);
	ck_assert_int_eq(argument_next(&arguments), 1);
	ck_assert_str_eq(arguments.value, "5");
	ck_assert_int_eq(argument_next(&arguments), 1);
	ck_assert_str_eq(arguments.value, "6");
	ck_assert_int_eq(argument_next(&arguments), 0);
	ck_assert_int_eq(argument_next(&arguments), 2);
	ck_assert_str_eq(arguments.value, "d");
	ck_assert_int_eq(argument_next(&arguments), 1);
	ck_assert_str_eq(arguments.value, "7");
	ck_assert_int_eq(argument_next(&arguments), ARGUMENT_OPERAND);
	ck_assert_str_eq(arguments.value, "-");
	ck_assert_int_eq(argument_next(&arguments), ARGUMENT_OPERAND);
	ck_assert_str_eq(arguments.value, "--json");
	ck_assert_int_eq(argument_next(&arguments), ARGUMENT_END);
}
END_TEST

START_TEST(the_rest_is_another_programs)
{
	struct arguments arguments = ARGUMENTS(stops, "--json", "node", "--top");

	ck_assert_int_eq(argument_next(&arguments), 0);
	ck_assert_int_eq(argument_next(&arguments), ARGUMENT_OPERAND);
	ck_assert_str_eq(arguments.value, "node");
	ck_assert_int_eq(argument_next(&arguments), ARGUMENT_OPERAND);
	ck_assert_str_eq(arguments.value, "--top");
}
END_TEST

static const char *const wrong[] = {"--nope", "-x", "--json=1", "--top", "-t", "--jso", "--="};

/* Each must exit with STATUS_USAGE. */
START_TEST(what_is_not_there_is_refused)
{
	char *argv[] = {(char *)"test", (char *)(uintptr_t)wrong[_i], NULL};
	struct arguments arguments = arguments_of(&reads_all, 2, argv);

	argument_next(&arguments);
}
END_TEST

static const char *const numbers[] = {"0", "-1", "", "5x", "101", "99999999999999999999", " 5"};

START_TEST(numbers_have_limits)
{
	argument_number(&reads_all, "top", numbers[_i], 100);
}
END_TEST

START_TEST(numbers_are_read)
{
	ck_assert_uint_eq(argument_number(&reads_all, "top", "1", 100), 1);
	ck_assert_uint_eq(argument_number(&reads_all, "top", "100", 100), 100);
}
END_TEST

START_TEST(every_command_is_in_order)
{
	for (const struct command *command = commands; command->name; command++) {
		ck_assert_ptr_eq(command_find(command->name), command);
		ck_assert_ptr_nonnull(command->run);
	}
	ck_assert_ptr_null(command_find("nope"));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("options");

	tcase_add_test(tcase, options_and_operands);
	tcase_add_test(tcase, the_rest_is_another_programs);
	tcase_add_loop_exit_test(tcase, what_is_not_there_is_refused, STATUS_USAGE, 0,
	                         (int)(sizeof(wrong) / sizeof(*wrong)));
	tcase_add_loop_exit_test(tcase, numbers_have_limits, STATUS_USAGE, 0,
	                         (int)(sizeof(numbers) / sizeof(*numbers)));
	tcase_add_test(tcase, numbers_are_read);
	tcase_add_test(tcase, every_command_is_in_order);
	return suite_run("options", tcase);
}
