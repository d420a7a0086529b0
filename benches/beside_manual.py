"""Times the GradBench example beside GradBench's C++ tool `manual`, whose derivatives are written by hand.

    git clone --depth 1 https://github.com/gradbench/gradbench ../gradbench
    cargo build --release --example gradbench
    python3 benches/beside_manual.py ../gradbench [EVAL,EVAL..]

Needs Python 3, make and a C++ compiler, and nothing else. `manual` is built where it lies, with its own flags
(-O3 -march=native); ours is the default build. Both answer the same requests in turn, on one core, for three
rounds; a time is the least median of a round. Answers must agree to 1e-9 of the largest, or 1e-13. The table is in Markdown, times in
microseconds. What lstm reads is random bits, bundle adjustment reads the files of the suite, and the hand of `ht`
is that of our own tests. `particle` and `saddle` have no hand-written peer.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile

ROUNDS = 3
SECONDS = 0.15
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DERIVATIVE = {"kmeans": ("cost", "dir"), "llsq": ("primal", "gradient"), "lse": ("primal", "gradient"),
              "ode": ("primal", "gradient"), "det": ("primal", "gradient")}


def noise(*shape):
    if len(shape) == 1:
        return [random.random() for _ in range(shape[0])]
    return [noise(*shape[1:]) for _ in range(shape[0])]


def bundle(suite, number):
    folder = os.path.join(suite, "evals", "ba", "data")
    name = next(name for name in os.listdir(folder) if name.startswith(f"ba{number}_"))
    with open(os.path.join(folder, name)) as file:
        lines = file.read().split("\n")
    n, m, p = map(int, lines[0].split())
    camera, point, seen = ([float(x) for x in lines[k].split()] for k in (1, 2, 4))
    return {"n": n, "m": m, "p": p, "cam": camera, "x": point, "w": float(lines[3]), "feat": seen}


def hand():
    with open(os.path.join(HERE, "tests", "reference", "gradbench", "ht.jsonl")) as file:
        return json.loads(file.readline())["input"]


def cases(suite, name):
    """Sizes and inputs of an eval."""
    if name == "llsq":
        for n in (16, 128, 1024, 8196):
            yield f"n={n}", {"x": noise(128), "n": n}
    elif name == "lse":
        for n in (2500, 40000, 320000):
            yield f"n={n}", {"x": noise(n)}
    elif name == "det":
        for l in (5, 7, 9, 10):
            yield f"l={l}", {"A": noise(l * l), "ell": l}
    elif name == "ode":
        for n, s in ((1000, 10), (1000, 100), (10000, 10), (10000, 100)):
            yield f"n={n} s={s}", {"x": noise(n), "s": s}
    elif name == "gmm":
        n = 1000
        for d, k in ((2, 5), (2, 25), (10, 5), (10, 25), (32, 5), (32, 25), (64, 25)):
            yield f"d={d} k={k}", {"d": d, "k": k, "n": n, "alpha": noise(k), "mu": noise(k, d), "q": noise(k, d),
                                   "l": noise(k, d * (d - 1) // 2), "x": noise(n, d), "m": 0, "gamma": 1.0}
    elif name == "kmeans":
        for k, d in ((10, 8), (100, 8), (100, 16)):
            points = noise(1000, d)
            yield f"k={k} d={d}", {"points": points, "centroids": points[-k:]}
    elif name == "lstm":
        for layers, length in ((2, 1024), (4, 1024), (2, 4096)):
            bits = [[float(random.getrandbits(1)) for _ in range(14)] for _ in range(length)]
            yield f"l={layers} c={length}", {"main_params": noise(2 * layers, 56), "extra_params": noise(3, 14),
                                             "state": noise(2 * layers, 14), "sequence": bits}
    elif name == "ba":
        for number in (1, 2, 3):
            yield f"ba{number}", bundle(suite, number)
    elif name == "ht":
        yield "one hand", hand()


def median(timings):
    return statistics.median(t["nanoseconds"] for t in timings if t["name"] == "evaluate") / 1000


def numbers(value):
    if isinstance(value, list):
        return [x for part in value for x in numbers(part)]
    if isinstance(value, dict):
        return [x for key in sorted(value) for x in numbers(value[key])]
    return [value]


class Ours:
    def __init__(self):
        path = os.path.join(HERE, "target", "release", "examples", "gradbench")
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, name, function, request):
        message = {"id": 1, "kind": "evaluate", "module": name, "function": function, "input": request}
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if not answer["success"]:
            sys.exit(f"{name} {function}: {answer['error']}")
        return answer["output"], median(answer["timings"])


def by_hand(folder, name, function, request):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(request, file)
        file.flush()
        command = [os.path.join(folder, "bin", name), file.name, function]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().split("\n")
    return json.loads(lines[0]), median(json.loads(line) for line in lines[1:])


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    suite = sys.argv[1]
    evals = sys.argv[2].split(",") if len(sys.argv) > 2 else "llsq lse det ode gmm kmeans lstm ba ht".split()
    folder = os.path.join(suite, "tools", "manual")
    random.seed(31337)
    ours = Ours()
    if hasattr(os, "sched_setaffinity"):
        one = {max(os.sched_getaffinity(0))}
        os.sched_setaffinity(0, one)
        os.sched_setaffinity(ours.process.pid, one)
    print("| eval | primal | derivative | manual's primal | manual's derivative | derivative / manual's | derivative / primal |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in evals:
        subprocess.run(["make", "-s", "-C", folder, f"bin/{name}"], check=True)
        functions = DERIVATIVE.get(name, ("objective", "jacobian"))
        for size, request in cases(suite, name):
            request = dict(request, min_runs=3, min_seconds=SECONDS)
            best = {}
            for function in functions:
                for _ in range(ROUNDS):
                    answer, time = ours.ask(name, function, request)
                    peer, peer_time = by_hand(folder, name, function, request)
                    old = best.get(function, (time, peer_time))
                    best[function] = (min(old[0], time), min(old[1], peer_time))
                answer, peer = numbers(answer), numbers(peer)
                error = max(abs(a - b) for a, b in zip(answer, peer))
                # The shares of lse sum to 1 but for rounding, which is left where its maximum is.
                if len(answer) != len(peer) or error > 1e-9 * max(map(abs, peer)) + 1e-13:
                    sys.exit(f"{name} {size} {function}: answers differ by {error:.1e}")
            (primal, peer_primal), (time, peer_time) = (best[function] for function in functions)
            cells = [f"{x:.4g}" for x in (primal, time, peer_primal, peer_time)]
            cells += [f"{time / peer_time:.2f}", f"{time / primal:.2f}"]
            print(f"| {name} {size} | " + " | ".join(cells) + " |", flush=True)


main()
