import Placement

print("placement")
