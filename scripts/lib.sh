# shellcheck shell=sh
# What the other scripts share; they read it with `.`. Sets `root`, the folder of the project, and makes no other
# assumption about where it lies.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)

fatal() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# Which of these Debian packages are not installed, in one line. A machine without dpkg is taken to have them: the
# configuration of the build says what it misses.
missing_packages() {
	command -v dpkg-query >/dev/null || return 0
	# The names as asked for are printed, since dpkg says `libc6:amd64` of some.
	present=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
		sed -n 's/^installed //p' | tr '\n' ' ')
	for package in "$@"; do
		case " $present" in
		*" $package "*) ;;
		*) printf '%s ' "$package" ;;
		esac
	done
}

# build PRESET TESTING [target…]: configures if need be and builds. TESTING: ON also the tests, KEEP as it was. One at
# a time, since two makes in one folder spoil each other's work. Silent but the first time, or if it fails.
build() {
	preset=$1 testing=$2
	shift 2
	folder=$root/build/$preset
	mkdir -p "$folder"
	log=$folder/build.log
	(
		flock 9
		cd "$root"
		: >"$log"
		if [ ! -f "$folder/CMakeCache.txt" ]; then
			echo "building probe ($preset), this once …" >&2
		fi
		generator=
		if [ ! -f "$folder/CMakeCache.txt" ] && command -v ninja >/dev/null; then
			generator=-GNinja
		fi
		if [ "$testing" = ON ]; then
			cmake --preset "$preset" $generator -DBUILD_TESTING=ON >"$log" 2>&1 || exit 1
		elif [ ! -f "$folder/build.ninja" ] && [ ! -f "$folder/Makefile" ]; then
			cmake --preset "$preset" $generator -DBUILD_TESTING=OFF >"$log" 2>&1 || exit 1
		fi
		if [ $# -gt 0 ]; then
			cmake --build --preset "$preset" --parallel --target "$@" >>"$log" 2>&1 || exit 1
		else
			cmake --build --preset "$preset" --parallel >>"$log" 2>&1 || exit 1
		fi
	) 9>"$folder/.lock" || {
		cat "$log" >&2
		fatal "the build failed (above; preset $preset)"
	}
}
