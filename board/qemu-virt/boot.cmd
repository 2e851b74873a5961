# U-Boot script: starts the kernel of the slot that the boot block names, counts the tries of a slot
# on trial, goes back when they are spent, and tells init the slot. docs/formats.md has the block.
#
# It lies on a partition of its own and not in a slot, so that no update and no power cut in one can
# touch what chooses between them. What a slot may hold: Image, initramfs.img, and, where wanted,
# dtb/${fdtfile} and args.txt (slot_args=MORE KERNEL COMMAND LINE).
#
# Any board's U-Boot that has setexpr can run it: another board has a boot-first.cmd, which is put
# before it, and says what is peculiar there: board_args, and fdtfile where U-Boot doesn't know it.
#
# What a person adds at the prompt: setenv bootargs_extra ...; saveenv

# An Image that gzip has packed is unpacked by booti, to kernel_comp_addr_r, where the board has one. 128 MiB
# behind the beginning of QEMU's memory nothing else lies.
if test -z "${board_args}"; then
	setenv board_args "console=ttyAMA0 panic=5 gpt quiet"
	setenv kernel_comp_addr_r 0x48000000
fi
setenv block ${pxefile_addr_r}
setexpr sum ${block} + 400
setexpr sum1 ${block} + 401
setexpr sum2 ${block} + 402
setexpr sum3 ${block} + 403
setexpr be ${block} + 410
setexpr be1 ${block} + 411
setexpr be2 ${block} + 412
setexpr be3 ${block} + 413
setexpr at_crc ${block} + 1fc
setexpr at_version ${block} + 8
setexpr at_good ${block} + 9
setexpr at_trial ${block} + a
setexpr at_tries ${block} + b
setexpr word2 ${block} + 4
setexpr check ${block} + 800
setenv found no
setenv good 61
setenv trial 0
setenv tries 0

# The sum of the block in memory, highest byte first, at be. A U-Boot without CONFIG_HASH (the
# Raspberry Pi's) leaves crc32's result lowest byte first: seen by the sum of four zeros, 2144df1c.
mw.l ${be} 0
crc32 ${be} 4 ${sum}
setenv order big
if itest.b *${sum} == 1c; then setenv order little; fi
setenv sum_block 'crc32 ${block} 1fc ${sum}; if test ${order} = little; then cp.b ${sum3} ${be} 1; cp.b ${sum2} ${be1} 1; cp.b ${sum1} ${be2} 1; cp.b ${sum} ${be3} 1; else cp.b ${sum} ${be} 4; fi'

# Slots and tries that no cowboot writes are as bad as a wrong sum: cowboot itself goes by the other copy then.
setenv take_block 'setexpr.b good *${at_good}; setexpr.b trial *${at_trial}; setexpr.b tries *${at_tries}; if test ${good}${trial} = 6162 || test ${good}${trial} = 6261; then if itest ${tries} -le 64; then setenv found yes; fi; fi; if test ${good}${trial}${tries} = 6100 || test ${good}${trial}${tries} = 6200; then setenv found yes; fi; if test ${found} = no; then setenv good 61; setenv trial 0; setenv tries 0; fi'

# The first copy that can be used counts: right magic, version, sum, slots and tries.
${devtype} dev ${devnum}
if part start ${devtype} ${devnum} meta meta_start; then
	for copy in 200 600; do
		setexpr sector ${meta_start} + ${copy}
		if test ${found} = no && ${devtype} read ${block} ${sector} 1; then
			run sum_block
			if itest.l *${block} == 53574f43 && itest.l *${word2} == 0a544f4c && itest.b *${at_version} == 1 && cmp.b ${at_crc} ${be} 4; then
				run take_block
			fi
		fi
	done
fi
if test ${found} = no; then echo "boot.scr: no boot block: slot a"; fi

# Writes both copies: one that cannot be read would never be counted in, and so never end.
setenv put_block 'run sum_block; cp.b ${be} ${at_crc} 4; for copy in 200 600; do setexpr sector ${meta_start} + ${copy}; ${devtype} write ${block} ${sector} 1; done'

# Whether it is on the disk: the first copy that can be read has it. What cannot be counted would be tried for ever.
setenv read_back 'setenv counted no; setenv seen no; for copy in 200 600; do setexpr sector ${meta_start} + ${copy}; if test ${seen} = no && ${devtype} read ${check} ${sector} 1; then setenv seen yes; if cmp.b ${check} ${block} 200; then setenv counted yes; fi; fi; done'

setenv start_slot 'echo "boot.scr: slot ${slot}"; setenv slot_args; setenv fdt ${fdt_addr}; if part number ${devtype} ${devnum} boot_${slot} part && load ${devtype} ${devnum}:${part} ${kernel_addr_r} Image; then setenv kernel_comp_size ${filesize}; if test -n "${fdtfile}" && load ${devtype} ${devnum}:${part} ${fdt_addr_r} dtb/${fdtfile}; then setenv fdt ${fdt_addr_r}; fi; if test -e ${devtype} ${devnum}:${part} args.txt && load ${devtype} ${devnum}:${part} ${sum} args.txt; then env import -t ${sum} ${filesize} slot_args; fi; if load ${devtype} ${devnum}:${part} ${ramdisk_addr_r} initramfs.img; then setenv bootargs "${board_args} cowboot.slot=${slot} ${try} ${slot_args} ${bootargs_extra}"; booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdt}; fi; fi; echo "boot.scr: slot ${slot} cannot be started"'

setenv slot a; setenv other b; setenv try
if test ${good} = 62; then setenv slot b; setenv other a; fi

# The try is counted before it begins. A slot that cannot even be loaded has no second one.
if test ${found} = yes && test ${trial} != 0 && test ${tries} != 0; then
	setexpr tries ${tries} - 1
	mw.b ${at_tries} ${tries}
	run put_block
	run read_back
	if test ${counted} = yes; then
		setenv slot ${other}
		echo "boot.scr: slot ${slot} is on trial, 0x${tries} tries left after this one"
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
