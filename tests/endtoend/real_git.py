"""git clone of a local repository, through the transport (a tree of git processes), and what one does next."""
from harness import TMP, run
from realprogram import compare

ENV = {"HOME": TMP, "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
       "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org",
       "GIT_AUTHOR_DATE": "2024-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2024-01-01T00:00:00Z"}

# How git names its locks and temporary files.
NORMALIZE = [(r"fetch-pack \d+ on \w+", "fetch-pack PID on HOST"), (r"\.tmp-\d+-pack", ".tmp-PID-pack")]


def git(folder, *words):
    done = run(["git", "-C", folder, *words], ENV)
    assert done.status == 0, f"git {words}: {done}"
    return done.out


def repository(folder):
    """Fifty files, a hundred commits, two branches and a merge of them."""
    origin = folder / "origin"
    origin.mkdir()
    git(origin, "init", "-q", "-b", "main")
    for commit in range(100):
        for file in range(commit % 7, 50, 7):
            (origin / f"file{file}.txt").write_text(f"line {commit}\n" * (file * 20 + commit))
        git(origin, "add", ".")
        git(origin, "commit", "-q", "-m", f"commit {commit}")
        if commit == 60:
            git(origin, "branch", "side")
    git(origin, "checkout", "-q", "side")
    (origin / "side.txt").write_text("side\n")
    git(origin, "add", ".")
    git(origin, "commit", "-q", "-m", "side")
    git(origin, "checkout", "-q", "main")


pristine = TMP / "pristine"
pristine.mkdir()
repository(pristine)


def prepare(folder):
    (folder / "origin").symlink_to(pristine / "origin")


def cloned(folder):
    return git(folder / "clone", "rev-parse", "HEAD"), git(folder / "clone", "status", "--porcelain")


compare("clone", ["git", "clone", f"file://{pristine}/origin", "clone"], prepare, ENV, result=cloned,
        normalize=NORMALIZE)
compare("local", ["git", "clone", "--local", "--no-hardlinks", "origin", "clone"], prepare, ENV, result=cloned)
# A shell, a pager that is none, a rebase: many small processes, most of which execute another program at once.
compare("work", ["sh", "-c", "git clone -q origin clone && cd clone && git log --stat --oneline | tail -3 && "
                 "git merge -q -m merged origin/side && git rebase -q HEAD~3 && git gc -q --prune=now && git fsck && "
                 "git log --format=%H -1 && git grep -c 'line 9' | sort | tail -5 && git checkout nowhere"],
        prepare, ENV, status=1, normalize=NORMALIZE, result=lambda folder: git(folder / "clone", "rev-parse", "HEAD"))
