# make setup   virtual environment, packages, CC0 body data, OpenGL, the demo's photographs   (once; then seconds)
# make demo    the whole system on this machine, ends with a page to look at
# make bench-render   what a rendered picture costs: CPU seconds by stage, pictures per second
# make bench-data     what a training crop costs by step, against its bare decode; memory over 50,000 crops
# make bench-evaluate what the official evaluation of 1,500 pictures takes, seconds and memory
# make bench-predict  what a prediction costs by step, 800x800 pictures with 1, 5 and 12 people
# make bench-train    training steps per second, and their share of the machine's matrix product
# make test    lint, types, all tests that are not slow;  make test-slow  the slow ones (the whole demo)

PY := .venv/bin/python
OUT := out/demo
.DEFAULT_GOAL := help
.PHONY: help setup check test test-slow demo bench-render bench-data bench-train bench-evaluate bench-predict clean

help:
	@sed -n 's/^# //p' Makefile

setup:
	@bash .ci/setup

check: setup
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy

test: check
	@$(PY) -m pytest -m "not slow" -n auto --dist loadfile

test-slow: setup
	@$(PY) -m pytest -m slow

demo: setup
	@bash .ci/demo $(OUT)

bench-render: setup
	@$(PY) -m tfrecord_tools.bench_render --gin_file=gin_configs/render_figures.gin

# Full-size records of 40 scenes and of the demo's photographs.
BENCH := out/bench
RECORDS := --sim_records='$(BENCH)/sim/train-*.tfrecord' --real_records='$(BENCH)/real/train-*.tfrecord'

$(BENCH)/real/train.manifest.json: | setup
	@[ -d out/photos ] || $(PY) -m tfrecord_tools.fetch_photos --output=out/photos
	@$(PY) -m tfrecord_tools.render_sim --gin_file=gin_configs/render_figures.gin --output=$(BENCH)/sim --num_images=40 --seed=1
	@$(PY) -m tfrecord_tools.coco_person --gin_file=gin_configs/coco_person.gin --images=out/photos/train_images \
	  --annotations=tfrecord_tools/real_sample/person_keypoints_train.json --output=$(BENCH)/real

bench-data: setup $(BENCH)/real/train.manifest.json
	@$(PY) -m simpose_tf.bench_data --gin_file=gin_configs/simpose.gin --crops=50000 $(RECORDS)

bench-evaluate: setup
	@$(PY) -m simpose_tf.bench_evaluate --output=$(BENCH)/evaluate

# Scenes in which everybody asked for is seen.
SEEN := --gin_file=gin_configs/render_figures.gin --gin_param=SceneConfig.outside=0.0 --gin_param='SceneConfig.distance=(5.0,12.0)' \
  --gin_param='SceneConfig.reach=(8.0,12.0)' --gin_param=SimPeopleFilter.min_pixels=1 --gin_param=SimPeopleFilter.min_visible_keypoints=0

$(BENCH)/people_%/pictures/annotations.json: | setup
	@$(PY) -m tfrecord_tools.render_sim $(SEEN) --gin_param=SceneConfig.min_people=$* --gin_param=SceneConfig.max_people=$* \
	  --output=$(BENCH)/people_$* --num_images=4 --num_pictures=4 --seed=5

bench-predict: setup $(foreach n,1 5 12,$(BENCH)/people_$(n)/pictures/annotations.json)
	@$(PY) -m simpose_tf.bench_predict --gin_file=gin_configs/simpose.gin --detector=small --output=$(BENCH)/predict \
	  --input=$(BENCH)/people_1/pictures,$(BENCH)/people_5/pictures,$(BENCH)/people_12/pictures

bench-train: setup $(BENCH)/real/train.manifest.json
	@$(PY) -m simpose_tf.bench_train $(RECORDS)

clean:
	rm -rf out .venv
