# U-Boot script: starts the kernel of the slot that the boot block names, counts the tries of a slot
# on trial, goes back when they are spent, and tells init the slot. docs/formats.md has the block.
#
# The same as board/qemu-virt/boot.cmd, for a U-Boot that cannot calculate: Debian's for the RK3399
# and the Rock64 have no setexpr. So the addresses stand here as numbers, and where `meta` begins is
# the number of genimage.cfg. On another layout no block is used, rather than a wrong sector.
#
# What a person adds at the prompt: setenv bootargs_extra ...; saveenv

if test -z "${board_args}"; then setenv board_args "console=ttyS2,1500000 panic=5 gpt quiet"; fi

# meta begins at 0x8800; the block and its spare lie 0x200 and 0x600 sectors on.
setenv wanted_start 8800
setenv copies "8a00 8e00"

# The block's bytes in memory, and a place for a sum of our own.
setenv block 600000
setenv word2 600004
setenv at_version 600008
setenv at_good 600009
setenv at_trial 60000a
setenv at_tries 60000b
setenv at_crc 6001fc
setenv sum 600400
setenv sum1 600401
setenv sum2 600402
setenv sum3 600403
setenv be 600410
setenv be1 600411
setenv be2 600412
setenv be3 600413
setenv check 600800
setenv found no
setenv good 61
setenv trial 0

# The sum of the block in memory, highest byte first, at be. A U-Boot without CONFIG_HASH (the
# Raspberry Pi's) leaves crc32's result lowest byte first: seen by the sum of four zeros, 2144df1c.
mw.l ${be} 0
crc32 ${be} 4 ${sum}
setenv order big
if itest.b *${sum} == 1c; then setenv order little; fi
setenv sum_block 'crc32 ${block} 1fc ${sum}; if test ${order} = little; then cp.b ${sum3} ${be} 1; cp.b ${sum2} ${be1} 1; cp.b ${sum1} ${be2} 1; cp.b ${sum} ${be3} 1; else cp.b ${sum} ${be} 4; fi'

# Slots and tries that no cowboot writes are as bad as a wrong sum: cowboot itself goes by the other copy then.
setenv take_block 'setenv pair none; if itest.b *${at_good} == 61; then setenv pair a; fi; if itest.b *${at_good} == 62; then setenv pair b; fi; if itest.b *${at_trial} == 0 && itest.b *${at_tries} == 0 && test ${pair} != none; then setenv found yes; fi; if itest.b *${at_trial} == 61; then setenv pair ${pair}a; fi; if itest.b *${at_trial} == 62; then setenv pair ${pair}b; fi; if test ${pair} = ab || test ${pair} = ba; then if itest.b *${at_tries} -le 64; then setenv found yes; setenv trial 1; fi; fi; if test ${found} = yes && itest.b *${at_good} == 62; then setenv good 62; fi'

# The first copy that can be used counts: right magic, version, sum, slots and tries.
${devtype} dev ${devnum}
if part start ${devtype} ${devnum} meta meta_start && test ${meta_start} = ${wanted_start}; then
	for sector in ${copies}; do
		if test ${found} = no && ${devtype} read ${block} ${sector} 1; then
			run sum_block
			if itest.l *${block} == 53574f43 && itest.l *${word2} == 0a544f4c && itest.b *${at_version} == 1 && cmp.b ${at_crc} ${be} 4; then
				run take_block
			fi
		fi
	done
else
	echo "boot.scr: meta is not at sector 0x${wanted_start}: no boot block"
fi
if test ${found} = no; then echo "boot.scr: no boot block: slot a"; fi

# One try less, for counts of 1 to 100: left is then what goes into the block.
setenv left
setenv before 0
if test ${found} = yes; then
	for n in 1 2 3 4 5 6 7 8 9 a b c d e f 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f 20 21 22 23 24 25 26 27 28 29 2a 2b 2c 2d 2e 2f 30 31 32 33 34 35 36 37 38 39 3a 3b 3c 3d 3e 3f 40 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f 50 51 52 53 54 55 56 57 58 59 5a 5b 5c 5d 5e 5f 60 61 62 63 64; do
		if itest.b *${at_tries} == ${n}; then setenv left ${before}; fi
		setenv before ${n}
	done
fi

# Writes both copies: one that cannot be read would never be counted in, and so never end.
setenv put_block 'run sum_block; cp.b ${be} ${at_crc} 4; for sector in ${copies}; do ${devtype} write ${block} ${sector} 1; done'

# Whether it is on the disk: the first copy that can be read has it. What cannot be counted would be tried for ever.
setenv read_back 'setenv counted no; setenv seen no; for sector in ${copies}; do if test ${seen} = no && ${devtype} read ${check} ${sector} 1; then setenv seen yes; if cmp.b ${check} ${block} 200; then setenv counted yes; fi; fi; done'

setenv start_slot 'echo "boot.scr: slot ${slot}"; setenv slot_args; setenv fdt ${fdt_addr}; if part number ${devtype} ${devnum} boot_${slot} part && load ${devtype} ${devnum}:${part} ${kernel_addr_r} Image; then setenv kernel_comp_size ${filesize}; if test -n "${fdtfile}" && load ${devtype} ${devnum}:${part} ${fdt_addr_r} dtb/${fdtfile}; then setenv fdt ${fdt_addr_r}; fi; if test -e ${devtype} ${devnum}:${part} args.txt && load ${devtype} ${devnum}:${part} ${sum} args.txt; then env import -t ${sum} ${filesize} slot_args; fi; if load ${devtype} ${devnum}:${part} ${ramdisk_addr_r} initramfs.img; then setenv bootargs "${board_args} cowboot.slot=${slot} ${try} ${slot_args} ${bootargs_extra}"; booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdt}; fi; fi; echo "boot.scr: slot ${slot} cannot be started"'

setenv slot a; setenv other b; setenv try
if test ${good} = 62; then setenv slot b; setenv other a; fi

# The try is counted before it begins. A slot that cannot even be loaded has no second one.
if test ${trial} != 0 && test -n "${left}"; then
	mw.b ${at_tries} ${left}
	run put_block
	run read_back
	if test ${counted} = yes; then
		setenv slot ${other}
		echo "boot.scr: slot ${slot} is on trial, 0x${left} tries left after this one"
		setenv try cowboot.try
		run start_slot
		setenv try
		mw.b ${at_tries} 0
		run put_block
	else
		echo "boot.scr: the try cannot be counted, so slot ${other} is not tried"
	fi
	setenv slot a
	if test ${good} = 62; then setenv slot b; fi
fi
run start_slot

# The good slot is not there. The other one held a system once, and is all that is left.
setenv slot ${other}
run start_slot
echo "boot.scr: there is nothing to start"
