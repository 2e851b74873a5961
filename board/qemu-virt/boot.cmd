# U-Boot script: boots the kernel and initramfs that lie beside it, with the device tree QEMU put at
# the start of RAM. It runs from whichever of boot_a (1) and boot_b (2) the distro boot found it on,
# and tells init which one that was.
#
# What a person adds at the prompt: setenv bootargs_extra ...; saveenv

setenv slot a
if test "${distro_bootpart}" = 2; then setenv slot b; fi
setenv bootargs "console=ttyAMA0 panic=5 quiet cowboot.slot=${slot} ${bootargs_extra}"
if load ${devtype} ${devnum}:${distro_bootpart} ${kernel_addr_r} Image; then
	if load ${devtype} ${devnum}:${distro_bootpart} ${ramdisk_addr_r} initramfs.img; then
		booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdt_addr}
	fi
fi
echo "boot.scr: cannot boot from ${devtype} ${devnum}:${distro_bootpart}"
