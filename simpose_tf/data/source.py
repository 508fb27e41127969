"""From a crop's place in the stream to the crop: which record, how augmented, cut out.

All of it is a pure function of the settings and the place, so neither the number of threads nor where a run was
resumed changes a crop.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np

from simpose_tf.data import crops, recordfiles, schema, targets
from simpose_tf.data.augmentation import Variation, change_colors
from simpose_tf.data.crops import CropConfig
from simpose_tf.data.damage import Damage
from simpose_tf.data.recordfiles import DamagedRecordError, RecordFiles, Stream
from simpose_tf.errors import InputError

Crop = dict[str, np.ndarray]


@dataclass(frozen=True)
class Mix:
    """An exact share of simulated crops: crop c is simulated where floor((c + 1) * share) > floor(c * share).

    Attributes:
      share: of the simulated crops.
    """

    share: Fraction

    def place(self, crop: int) -> tuple[int, int]:
        """Return a crop's domain and its position in that domain's stream."""
        before, after = (c * self.share.numerator // self.share.denominator for c in (crop, crop + 1))
        return (schema.SIM, before) if after > before else (schema.REAL, crop - before)


@dataclass(frozen=True)
class CropSource:
    """Crops of one or two streams of records.

    Attributes:
      streams: of real and of simulated records (`schema.REAL`, `schema.SIM`); None where the mix has no need of it.
      mix: of the domains.
      crop: size and label grid.
      damage: counts what can't be read.
    """

    streams: Sequence[Stream | None]
    mix: Mix
    crop: CropConfig
    damage: Damage

    def cut(self, counter: int, variation: Variation) -> Crop:
        """Return the crop `counter` of the stream, keypoints outside of it without a flag.

        A damaged record's place is taken by the next sound one of its stream, so mix and order stay as they are.

        Raises:
          InputError: too many damaged records, or sound ones of another version or domain.
        """
        domain, position = self.mix.place(counter)
        stream = self.streams[domain]
        for later in range(stream.found.count):
            number = stream.number(position + later)
            place = stream.found.name(number)
            if self.damage.knows(place):
                continue
            try:
                crop = cut_record(stream.found, number, self.crop, variation)
            except DamagedRecordError as error:
                self.damage.add(place, str(error))
                continue
            recordfiles.check_domain(crop["domain"], domain, place)
            return crop | {"visibility": targets.hide_outside(crop["keypoints_xy"], crop["visibility"], self.crop)}
        raise InputError(f"all {stream.found.count} {schema.DOMAIN_NAMES[domain]} records are damaged")


def cut_record(found: RecordFiles, number: int, crop: CropConfig, variation: Variation) -> Crop:
    """Return the crop of record `number`, varied.

    Raises:
      DamagedRecordError: whatever is wrong with the record itself.
      WrongRecordsError: it is of another version.
    """
    try:
        fields = schema.read(found.read(number))
        r_from_c = crops.record_from_crop(
            fields["box_yxyx"], variation.enlargement, crop, variation.angle_deg, variation.flip
        )
        cut = crops.cut_crop(fields, r_from_c, crop)
        return cut | {"image": change_colors(cut["image"], variation)}
    except schema.WrongRecordsError as error:
        raise schema.WrongRecordsError(f"{found.name(number)}: {str(error).removeprefix('record: ')}") from error
    except (InputError, ValueError, cv2.error) as error:
        raise DamagedRecordError(str(error).removeprefix("record: ")) from error
