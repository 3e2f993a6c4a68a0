/*
 * work.cc: the same for C++: constructors and destructors, exceptions thrown through frames that clean up,
 * std::function, virtual calls, containers, streams, threads, coroutines, a new_handler; each through operator new.
 */
#include <algorithm>
#include <any>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <exception>
#include <functional>
#include <future>
#include <iostream>
#include <list>
#include <map>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <new>
#include <numeric>
#include <optional>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <typeinfo>
#include <unordered_map>
#include <variant>
#include <vector>

#include <ucontext.h>
#include <unistd.h>

#include "step.h"

#define NOINLINE __attribute__((noinline))

extern "C" int shape(int which, void (*probe)()); /* shapes.cc */

static volatile long sink;

static void require(bool good, const char *what)
{
	if (!good) {
		std::cerr << "work: " << what << " failed\n";
		exit(1);
	}
}

struct alignas(64) wide {
	char bytes[192];
};

static NOINLINE void allocate()
{
	delete new int(1);
	delete[] new char[100];
	delete new wide;
	delete[] new (std::nothrow) long[7];
	free(malloc(20));
}

struct held {
	std::string name;
	explicit held(int n) : name(static_cast<size_t>(20 + n % 30), 'x') { allocate(); }
	held(const held &other) : name(other.name) { allocate(); }
	virtual ~held() { sink = sink + static_cast<long>(name.size()); }
	virtual long work(int depth) const { allocate(); return depth + static_cast<long>(name.size()); }
};

struct left : virtual held {
	explicit left(int n) : held(n) {}
	long work(int depth) const override;
};

struct right : virtual held {
	std::vector<std::string> more;
	explicit right(int n) : held(n), more(3, std::string(40, 'y')) {}
};

struct both final : left, right {
	explicit both(int n) : held(n), left(n), right(n) {}
	long work(int depth) const override { return depth ? left::work(depth - 1) + 1 : held::work(0); }
};

long left::work(int depth) const
{
	std::unique_ptr<held> inner(new both(depth));

	return inner->work(depth);
}

/* ---- exceptions ---- */

struct trouble : std::runtime_error {
	std::vector<int> carried;
	explicit trouble(int n) : std::runtime_error("a message that is longer than a small string"), carried(50, n) {}
};

static NOINLINE int thrower(int depth)
{
	held local(depth);

	if (depth == 0)
		throw trouble(7);
	return thrower(depth - 1) + 1;
}

static NOINLINE int rethrower(int depth)
{
	try {
		return thrower(depth);
	} catch (const std::logic_error &) {
		return 0;
	} catch (...) {
		allocate();
		std::throw_with_nested(std::out_of_range("nested"));
	}
}

static NOINLINE void exceptions(int depth)
{
	int caught = 0;

	try {
		rethrower(depth);
	} catch (const std::exception &outer) {
		allocate();
		try {
			std::rethrow_if_nested(outer);
		} catch (const trouble &inner) {
			caught = inner.carried[0];
		}
	}
	require(caught == 7, "an exception");
	try {
		std::vector<int>().at(3);
	} catch (const std::out_of_range &) {
		caught++;
	}
	try {
		sink = sink + static_cast<long>(reinterpret_cast<uintptr_t>(new char[static_cast<size_t>(-1) / 4]));
	} catch (const std::bad_alloc &) {
		caught++;
	}
	require(caught == 9, "an exception of the library's");
}

/* ---- callables, containers, streams ---- */

static NOINLINE long callables(int depth)
{
	std::function<long(int)> chain = [](int n) { allocate(); return static_cast<long>(n); };

	for (int i = 0; i < depth; i++) {
		std::string captured(30, 'c');
		chain = [chain, captured](int n) { return chain(n + 1) + static_cast<long>(captured.size()); };
	}
	return std::invoke(chain, 1);
}

static NOINLINE void containers(int n)
{
	std::map<std::string, std::vector<int>> map;
	std::unordered_map<int, std::string> table;
	std::list<std::string> list;
	std::deque<held> queue;
	std::variant<int, std::string> either = std::string(50, 'v');
	std::any any = std::string(60, 'a');
	std::pmr::monotonic_buffer_resource pool;
	std::pmr::vector<std::pmr::string> pooled(&pool);

	for (int i = 0; i < n; i++) {
		map["a key that does not fit " + std::to_string(i * 37 % n)].push_back(i);
		table[i] = std::to_string(i * i) + " and some more characters";
		list.push_front(table[i]);
		queue.emplace_back(i);
		pooled.emplace_back("text in a pool that is long enough");
	}
	list.sort();
	std::visit([](auto &value) { auto copy = value; allocate(); sink = sink + (long)sizeof(copy); }, either);
	sink = sink + (long)std::any_cast<std::string>(any).size();
	std::stable_sort(queue.begin(), queue.end(), [](const held &a, const held &b) { return a.name < b.name; });
}

static NOINLINE void streams(int n)
{
	std::ostringstream out;
	std::string word;

	out << "numbers " << n << ' ' << 3.5 * n << ' ' << std::boolalpha << true << std::endl;
	std::istringstream in(out.str());
	while (in >> word)
		sink = sink + (long)word.size();
	sink = sink + std::regex_match("aaab", std::regex("a*(b|c)"));
}

/* ---- threads, a handler of new, coroutines ---- */

static NOINLINE void threads(int n)
{
	auto future = std::async(std::launch::async, [n] { containers(n); return callables(3); });
	std::thread thread([n] { exceptions(n % 4); });

	thread.join();
	sink = sink + future.get();
}

static int handled;

static void without_memory()
{
	allocate();
	if (++handled % 3 == 0)
		throw std::bad_alloc();
}

static NOINLINE void new_handler()
{
	std::new_handler before = std::set_new_handler(without_memory);

	try {
		sink = sink + (long)reinterpret_cast<uintptr_t>(operator new(static_cast<size_t>(-1) / 4));
	} catch (const std::bad_alloc &) {
		allocate();
	}
	std::set_new_handler(before);
	require(handled % 3 == 0, "the handler of new");
}

static ucontext_t home, inside;

static void generator()
{
	for (int i = 0;; i++) {
		exceptions(i % 3);
		callables(i % 5);
		swapcontext(&inside, &home);
	}
}

static NOINLINE void coroutine()
{
	static std::vector<char> stack;

	if (stack.empty()) {
		stack.resize(512 << 10);
		getcontext(&inside);
		inside.uc_stack.ss_sp = stack.data();
		inside.uc_stack.ss_size = stack.size();
		makecontext(&inside, generator, 0);
	}
	require(swapcontext(&home, &inside) == 0, "swapcontext");
}

/* ---- every instruction ---- */

static void stepped(int which)
{
	switch (which) {
	case 0: /* not deeper: while the unwinder puts registers where it saved its own, nobody can walk */
		try {
			throw held(3);
		} catch (const held &caught) {
			allocate();
		}
		break;
	case 1:
		streams(3);
		break;
	case 2:
		sink = sink + both(1).work(3) + callables(2);
		break;
	case 3: {
		held *some = new both(2);

		sink = sink + (dynamic_cast<right *>(some) != nullptr) + (typeid(*some) == typeid(both));
		delete some;
		break;
	}
	}
}

int main(int count, char **arguments)
{
	int rounds = count > 1 ? atoi(arguments[1]) : 1;
	stack_t alternative = {};

	for (int round = 0; round < rounds; round++) {
		for (int which = 0; shape(which, allocate); which++)
			;
		sink = sink + both(round).work(6);
		for (int i = 0; i < 8; i++) {
			exceptions(i);
			callables(i);
		}
		containers(12);
		streams(round);
		threads(5);
		new_handler();
		coroutine();
	}
	alternative.ss_size = 256 << 10;
	alternative.ss_sp = malloc(alternative.ss_size);
	for (int which = 0; which < 4; which++)
		require(step_through(stepped, which, 0) > 100, "single steps");
	sigaltstack(&alternative, nullptr);
	for (int which = 0; which < 4; which++)
		require(step_through(stepped, which, SA_ONSTACK) > 100, "single steps");
	std::cout << "done" << std::endl;
	return 0;
}
