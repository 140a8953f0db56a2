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

/* machine_firmware.c: the ROM of -bios, what hardware comes with it, and its log */
int machine_load_bios(struct machine *m, struct error *err);
int machine_firmware_up(struct machine *m, struct error *err);
void machine_firmware_down(struct machine *m);
int machine_pit_up(struct machine *m, struct error *err);
int machine_debugcon_up(struct machine *m, struct error *err);
void machine_debugcon_down(struct machine *m);

/* machine_ram.c: what the host is told of the guest's RAM, and whether it is had at once */
int machine_ram_settle(struct machine *m, struct error *err);

/* machine_serial.c: COM1 and COM2 */
int machine_serials_up(struct machine *m, struct error *err);
void machine_serials_down(struct machine *m);

/* machine_snapshot.c: snapshots of this machine, and what it is to go on from */
/* Ends the snapshot, or the measurement, that is under way. */
void machine_snapshots_end(struct machine *m);
/* Opens -restore's file, if there is one, and looks whether it is that of such a machine. */
int machine_restore_open(struct machine *m, struct error *err);
void machine_restore_close(struct machine *m);
/* Goes on from it: all parts are there. */
int machine_restore_up(struct machine *m, struct error *err);

#endif /* VMM_MACHINE_PARTS_H */
