/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parts of a machine that have files of their own: steps of machine.c's table. up() undoes its own
 * work if it fails; down() is its mirror.
 */
#ifndef VMM_MACHINE_PARTS_H
#define VMM_MACHINE_PARTS_H

struct error;
struct machine;

/* machine_memory.c: the model of memory, then the tree of regions in it */
int machine_memory_up(struct machine *m, struct error *err);
void machine_memory_down(struct machine *m);
int machine_tree_up(struct machine *m, struct error *err);
void machine_tree_down(struct machine *m);

/* machine_serial.c: COM1 and COM2 */
int machine_serials_up(struct machine *m, struct error *err);
void machine_serials_down(struct machine *m);

#endif /* VMM_MACHINE_PARTS_H */
