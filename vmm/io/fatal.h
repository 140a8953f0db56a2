/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults of the program itself: a word about the cause, and the terminal as it was; the latter also
 * for signals that just end a program. A signal handler gets no argument of ours; what it needs
 * lies at the low end of the thread's alternate stack.
 */
#ifndef VMM_IO_FATAL_H
#define VMM_IO_FATAL_H

#include "io/terminal.h"

struct fatal_stack;

/* Handlers for the process: SIGSEGV and its like, SIGALRM and its like. */
void fatal_install(void);

/**
 * fatal_enter() - let this thread's faults restore @terminal
 * @out: for fatal_leave(), in the same thread
 *
 * Return: 0 or -ENOMEM.
 */
int fatal_enter(struct fatal_stack **out, struct terminal *terminal);
void fatal_leave(struct fatal_stack *stack);

#endif /* VMM_IO_FATAL_H */
