
tiny
data
w
bscores"FC:data:w:bBscores