/* shapes.cc: the same for C++, through libstdc++ and its unwinder. See shapes.c. */
#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <ostream>
#include <regex>
#include <sstream>
#include <streambuf>
#include <string>
#include <thread>
#include <vector>

static void (*probe)();
static volatile int sink;

struct noisy {
	std::string name;
	noisy(const char *text) : name(text) { probe(); }
	noisy(const noisy &other) : name(other.name) { probe(); }
	~noisy() { probe(); }
	bool operator<(const noisy &other) const { probe(); return name < other.name; }
};

struct shape_base {
	virtual ~shape_base() { probe(); }
	virtual int run(std::function<int(int)> inner, int depth) = 0;
};

struct shape_derived final : shape_base {
	std::vector<noisy> held;
	int run(std::function<int(int)> inner, int depth) override
	{
		held.emplace_back("a name that is longer than the small string");
		return depth ? run([&](int x) { return inner(x) + depth; }, depth - 1) : inner(1);
	}
};

struct talking_buffer : std::streambuf {
	int overflow(int c) override { probe(); return c; }
};

static int throwing(int depth)
{
	noisy local("thrown through");

	if (depth == 0)
		throw std::runtime_error("out");
	return throwing(depth - 1) + 1;
}

extern "C" __attribute__((visibility("default"))) int shape(int which, void (*function)())
{
	probe = function;
	switch (which) {
	case 0: {
		std::vector<int> list(60);

		for (int i = 0; i < 60; i++)
			list[(size_t)i] = i * 37 % 61;
		std::sort(list.begin(), list.end(), [](int a, int b) { probe(); return a < b; });
		std::stable_sort(list.begin(), list.end(), [](int a, int b) { probe(); return a > b; });
		return 1;
	}
	case 1:
		shape_derived().run([](int x) { probe(); return x; }, 5);
		return 1;
	case 2:
		try {
			throwing(4);
		} catch (std::exception &) {
			probe();
		}
		return 1;
	case 3: {
		std::map<noisy, int> map;

		map.emplace("one", 1);
		map.emplace("two", 2);
		map.emplace("three", 3);
		return 1;
	}
	case 4: {
		talking_buffer buffer;
		std::ostream stream(&buffer);

		stream << 12345 << " " << 1.5 << std::endl;
		return 1;
	}
	case 5: {
		std::once_flag flag;

		std::call_once(flag, [] { probe(); });
		std::thread([] { noisy inside("thread"); }).join();
		return 1;
	}
	case 6: {
		std::regex expression("(a+)(b|c)*d");
		std::string text = "xxaaabcbcd";

		sink = std::regex_search(text, expression);
		probe();
		return 1;
	}
	}
	return 0;
}
