// SPDX-License-Identifier: GPL-2.0-only
/* ivshmem.ko: what exists once for all devices, in the order in which they stand on each other. */
#include <linux/module.h>
#include <linux/pci.h>

#include "chardev.h"
#include "inode.h"
#include "pci.h"
#include "sysfs.h"

static int __init ivshmem_init(void)
{
	int err = ivshmem_inode_mount();

	if (err)
		return err;
	err = ivshmem_chardev_register();
	if (err)
		goto unmount;
	err = class_register(&ivshmem_class);
	if (err)
		goto unregister_chardev;
	err = pci_register_driver(&ivshmem_pci_driver);
	if (err)
		goto unregister_class;
	return 0;

unregister_class:
	class_unregister(&ivshmem_class);
unregister_chardev:
	ivshmem_chardev_unregister();
unmount:
	ivshmem_inode_unmount();
	return err;
}
module_init(ivshmem_init);

static void __exit ivshmem_exit(void)
{
	pci_unregister_driver(&ivshmem_pci_driver);
	class_unregister(&ivshmem_class);
	ivshmem_chardev_unregister();
	ivshmem_inode_unmount();
}
module_exit(ivshmem_exit);

MODULE_DESCRIPTION("Shared memory between virtual machines, as a file");
MODULE_AUTHOR("The ivshmem for Linux authors");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
