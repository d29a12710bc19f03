/*
 * TLB shootdown: no processor reads a page through an old entry after the page was given to somebody else, and nobody
 * waits for ever. docs/model-tlb.md goes through it.
 *
 *   asker (flush_everywhere, smp_call_function_many)     target
 *   A1 clears the entry                                  T1 sets its bit in cpu_mask, loads the tables (switch_mm)
 *   A2 reads cpu_mask                                    T2 reads memory: by the TLB, filled from the entry
 *   A3 forgets its own TLB                               T3 leaves: forgets the TLB, clears its bit
 *   A4 call_pending = mask; for each: call_from |= me, IPI
 *   A5 waits until call_pending is 0, interrupts on      I  on IPI_CALL, where interrupts are on: takes call_from,
 *   A6 frees the page                                       forgets the TLB, leaves the asker's call_pending
 *
 * Processors are askers and targets at once: each of the first ASKERS unmaps its own page of one address space that all use.
 *
 * spin -a tlb.pml                    holds
 * spin -a -DBROKEN_FREE tlb.pml      A6 before A5: a read of a page that is somebody else's
 * spin -a -DBROKEN_IRQS tlb.pml      A5 with interrupts off: two that ask each other wait for ever
 * spin -a -DBROKEN_MASK tlb.pml      T1 the other way round, tables first: an entry that nobody knows of
 */
#ifndef N
#define N 2
#endif
#define ASKERS 2

bool present[N];		/* the entry of page i; processor i unmaps it */
bool freed[N];			/* page i belongs to somebody else */
bool in_mask[N];		/* bit of mm->cpu_mask */
bool loaded[N];			/* cr3 holds the tables */
byte pending[N];		/* call_pending: bits of those who have not answered cpu i */
byte from[N];			/* call_from: bits of those who ask cpu i */
bool ipi[N];			/* IPI_CALL waits at the local APIC of cpu i */
bool irqs_on[N];
byte tlb[N];			/* bits of the pages whose entries cpu i remembers */

#define BIT(n) (1 << (n))

/* answer_calls, in the interrupt. A processor whose interrupts are on can be interrupted between any two steps. */
proctype interrupts(byte me)
{
	byte asked, i;
end:	do
	:: atomic { ipi[me] && irqs_on[me] -> ipi[me] = false; irqs_on[me] = false };
		atomic { asked = from[me]; from[me] = 0 };	/* exchange */
		i = 0;
		do
		:: i < N ->
			if
			:: asked & BIT(i) ->
				if
				:: loaded[me] -> tlb[me] = tlb[me] & ~BIT(i)	/* flush_here */
				:: else				/* left since: T3 has forgotten all */
				fi;
				atomic { pending[i] = pending[i] & ~BIT(me) }
			:: else
			fi;
			i++
		:: else -> break
		od;
		asked = 0; i = 0;
		irqs_on[me] = true
	od
}

/* One access to page i: by what the TLB remembers, else by the entry. */
inline touch(me, i)
{
	if
	:: atomic { loaded[me] && (tlb[me] & BIT(i)) -> assert(!freed[i]) }
	:: atomic { loaded[me] && !(tlb[me] & BIT(i)) && present[i] -> tlb[me] = tlb[me] | BIT(i); assert(!freed[i]) }
	:: else			/* no tables, or no page: a fault */
	fi
}

inline unmap(me)
{
	present[me] = false;				/* A1 */
	d_step {					/* A2, one load, after a full barrier */
		k = 0;
		do
		:: k < N -> mask = mask | (in_mask[k] && k != me -> BIT(k) : 0); k++
		:: else -> break
		od
	};
	tlb[me] = tlb[me] & ~BIT(me);			/* A3 */
#ifdef BROKEN_IRQS
	irqs_on[me]; irqs_on[me] = false;
#endif
#ifdef BROKEN_FREE
	freed[me] = true;
#endif
	pending[me] = mask; k = 0;			/* A4 */
	do
	:: k < N ->
		if
		:: mask & BIT(k) -> atomic { from[k] = from[k] | BIT(me) }; ipi[k] = true
		:: else
		fi;
		k++
	:: else -> break
	od;
	pending[me] == 0;				/* A5 */
	freed[me] = true;				/* A6 */
#ifdef BROKEN_IRQS
	irqs_on[me] = true;
#endif
	mask = 0; k = 0
}

proctype cpu(byte me)
{
	byte mask, k;
#ifdef BROKEN_MASK
	loaded[me] = true;				/* T1 */
	touch(me, (me + 1) % ASKERS);
	in_mask[me] = true;
#else
	in_mask[me] = true;
	loaded[me] = true;
#endif
	touch(me, (me + 1) % ASKERS);			/* T2 */
	if
	:: me < ASKERS -> unmap(me)
	:: else
	fi;
	touch(me, (me + 1) % ASKERS);
	atomic { irqs_on[me] -> irqs_on[me] = false };	/* T3: switch_mm runs with interrupts off */
	loaded[me] = false;
	tlb[me] = 0;
	in_mask[me] = false;
	irqs_on[me] = true;
	touch(me, (me + 1) % N)
}

init
{
	byte i;
	atomic {
		do
		:: i < N -> present[i] = true; irqs_on[i] = true; run interrupts(i); run cpu(i); i++
		:: else -> break
		od
	}
}
