"""A made-up trace in ftrace's text: two hogs of nice 0 and 5 on CPU 0, a chatty task on CPU 1, any number of events."""
import random


def sample(events=3000, seed=1):
    rng, lines, t, vruntime = random.Random(seed), [], [0], {42: 0.0, 43: 0.0}
    weight, comm = {42: 1024, 43: 335}, {42: "hog0", 43: "hog5", 7: "shell"}

    def say(pid, cpu, text):
        name = comm.get(pid, "<idle>")
        lines.append(f"{name:>16}-{pid:<7} [{cpu:03}] d..2. {t[0] // 1000000:5}.{t[0] % 1000000:06}: {text}")

    def switch(cpu, prev, after, state="R+"):
        say(prev, cpu, f"sched_switch: prev_comm={comm.get(prev, 'swapper')} prev_pid={prev} prev_prio=120 prev_state={state} ==> "
            f"next_comm={comm.get(after, 'swapper')} next_pid={after} next_prio=120")

    for pid in (42, 43):
        say(7, 0, f"sched_process_fork: comm=shell pid=7 child_comm={comm[pid]} child_pid={pid}")
        say(7, 0, f"sched_enqueue: comm={comm[pid]} pid={pid} weight={weight[pid]} vruntime=0 [ns] min_vruntime=0 [ns]")
        say(7, 0, f"sched_wakeup_new: comm={comm[pid]} pid={pid} prio=120 target_cpu=000")
    switch(0, 0, 42)
    now = 42
    while len(lines) < events:
        end = t[0] + (4500 if now == 42 else 1500)
        for _ in range(3):
            t[0] += 30
            say(0, 1, "sched_wakeup: comm=shell pid=7 prio=120 target_cpu=001")
            switch(1, 0, 7)
            say(7, 1, f'sys_openat(dfd: AT_FDCWD, filename: "/etc/file{rng.randrange(20)}", flags: 0x0, mode: 00)')
            t[0] += rng.randrange(20, 300)
            say(7, 1, f"page_fault_user: address=0x{rng.randrange(1 << 30):x} ip=0x401000 error_code=0x6")
            say(7, 1, f"sys_openat -> 0x{rng.choice([3, 4, (1 << 64) - 2]):x}")
            switch(1, 7, 0, "S")
        t[0] = max(end, t[0])
        other = 85 - now
        vruntime[now] += (4500 if now == 42 else 1500) * 1000 * 1024 / weight[now]
        say(now, 0, f"sched_stat_runtime: comm={comm[now]} pid={now} runtime=1000 [ns] vruntime={int(vruntime[now])} [ns]")
        switch(0, now, other)
        now = other
    return "# tracer: nop\n#\n# entries-in-buffer/entries-written: {0}/{0}   #P:2\n#\n".format(len(lines)) + "\n".join(lines) + "\n"


if __name__ == "__main__":
    import sys
    print(sample(int(sys.argv[1])), end="")
