# What is peculiar to NXP's i.MX 8M Mini EVK: its U-Boot has no place for a small file of its own,
# and its device tree's name lacks the folder.
setenv board_args "console=ttymxc1,115200 panic=5 gpt quiet"
setenv fdtfile freescale/imx8mm-evk.dtb
if test -z "${pxefile_addr_r}"; then setenv pxefile_addr_r 0x43600000; fi
if test -z "${kernel_addr_r}"; then setenv kernel_addr_r 0x40480000; fi
if test -z "${fdt_addr_r}"; then setenv fdt_addr_r 0x48000000; fi
if test -z "${ramdisk_addr_r}"; then setenv ramdisk_addr_r 0x4a000000; fi

