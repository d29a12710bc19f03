/*
 * Sleep and wake-up: nobody who waits for something sleeps on when it has come. docs/model-wakeup.md goes through it.
 *
 *   sleeper (___wait_event)                     waker
 *   S1 queue itself, set state  (wq lock)       W1 make the condition true
 *   S2 look at the condition                    W2 empty the queue, wake each one (wq lock, then rq lock)
 *   S3 schedule(): off the run queue, if the
 *      state still says sleep   (rq lock)
 *
 * spin -a wakeup.pml                  holds: the sleeper always comes back
 * spin -a -DBROKEN wakeup.pml         S2 before S1, the flag tested outside the lock: found asleep for ever
 * spin -a -DBROKEN_STATE wakeup.pml   queued, but the state set after the look
 *
 * Two wakers, for two conditions that must both come; the scheduler may preempt the sleeper anywhere (SCHED_PREEMPT).
 */
#define RUNNING 0
#define SLEEPING 1
#define WAKERS 2

byte cond;			/* W1: how many have come */
byte state = RUNNING;		/* p->state */
bool on_rq = true;		/* p->on_rq; what is not on the queue runs only after a wake-up */
bool queued;			/* p's entry is in the wait queue */
bool wq_lock, rq_lock;
bool done;

inline lock(l) { atomic { !l -> l = true } }
inline unlock(l) { l = false }

/* try_to_wake_up: => wq_lock */
inline try_to_wake_up()
{
	lock(rq_lock);
	if
	:: state == SLEEPING ->
		if
		:: !on_rq -> on_rq = true
		:: else		/* it has set its state, but not gone to sleep yet: S3 will see RUNNING */
		fi;
		state = RUNNING;
		queued = false	/* autoremove_wake_function */
	:: else
	fi;
	unlock(rq_lock)
}

/* S1 */
inline prepare_to_wait(set)
{
	lock(wq_lock);
	queued = true;
	if
	:: set -> state = SLEEPING
	:: else
	fi;
	unlock(wq_lock)
}

/* S3. Blocks until the task is on the run queue again. */
inline schedule()
{
	lock(rq_lock);
	if
	:: state == SLEEPING -> on_rq = false
	:: else
	fi;
	unlock(rq_lock);
	on_rq
}

proctype sleeper()
{
	do
	:: cond == WAKERS -> break
	:: else ->
#if defined(BROKEN)
		prepare_to_wait(true);		/* the look was before */
		schedule()
#elif defined(BROKEN_STATE)
		prepare_to_wait(false);
		if
		:: cond == WAKERS -> break
		:: else
		fi;
		state = SLEEPING;
		schedule()
#else
		prepare_to_wait(true);
		if
		:: cond == WAKERS -> break
		:: else
		fi;
		if				/* preempted here with a state set: it stays on the queue (SCHED_PREEMPT) */
		:: skip
		:: lock(rq_lock); unlock(rq_lock)
		fi;
		schedule()
#endif
	od;
	state = RUNNING;			/* finish_wait */
	lock(wq_lock);
	queued = false;
	unlock(wq_lock);
	done = true
}

proctype waker()
{
	atomic { cond++ };			/* W1 */
	lock(wq_lock);				/* W2: __wake_up */
	if
	:: queued -> try_to_wake_up()
	:: else
	fi;
	unlock(wq_lock)
}

init
{
	atomic { run sleeper(); run waker(); run waker() }
}

ltl comes_back { <> done }
