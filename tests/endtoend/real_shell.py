"""bash and dash scripts that start processes in every way that a shell knows, and Debian's apt tools."""
from realprogram import compare

SCRIPT = r"""
set -u
echo "plain $(echo substituted "$(printf '%s' nested)")"
(echo subshell; exit 3); echo "status $?"
printf '%s\n' c a b | sort | tr a-z A-Z | { read -r first; echo "first $first"; cat; }
cat <(echo left) <(echo right)
coproc cat; echo through >&"${COPROC[1]}"; read -r back <&"${COPROC[0]}"; echo "back $back"
exec {COPROC[1]}>&-; wait
for i in 1 2 3; do (exit "$i") & wait $!; echo "job $i ended with $?"; done
trap 'echo trapped' USR1; kill -USR1 $$; trap - USR1
sh -c 'kill -9 $$' 2>/dev/null; echo "killed $?"
sh -c 'kill -SEGV $$' 2>/dev/null; echo "segfault $?"
env -i PATH="$PATH" A=b sh -c 'env | grep -v "^LD_PRELOAD=\|^PROBE_OUT=" | sort | grep -v ^PATH='
env -i /bin/sh -c '/bin/echo "deeper, without anything"'
seq 1 40 | xargs -P 2 -n 7 echo | sort
find . -name 'file*' -exec basename {} \; | sort
timeout 0.2 sleep 5; echo "timeout $?"
nosuchprogram; echo "not found $?"
/etc/passwd; echo "not executable $?"
exec 3>out; echo kept >&3; exec 3>&-; cat out
ulimit -n 16; (echo "few descriptors" | cat)
cd /; pwd
echo "to stderr" >&2
exec sh -c 'echo replaced; exit 7'
"""


def files(folder):
    for i in range(5):
        (folder / f"file{i}").write_text("x")


compare("bash", ["bash", "-c", SCRIPT], files, normalize=[(r"bash: line \d+: +\d+ ", "bash: PID "),
                                                          (r"/dev/fd/\d+", "/dev/fd/N")], status=7)
compare("dash", ["dash", "-c", "for i in 1 2 3; do echo $i | (read x; echo \"got $x\"; exit 4); echo $?; done; "
                 "sleep 0.1 & wait; exec false"], status=1)
compare("apt-get", ["apt-get", "--version"])
compare("apt-cache", ["apt-cache", "policy", "bash"])
compare("dpkg", ["dpkg", "-s", "bash"])
